//! Start-up files of shells: the person's own first, then an actor's variables, prompt and the tools' completions.

use super::env::{Shell, lines};
use crate::lab::Environment;

/// Tools that write their completions themselves, all with `completion SHELL`. Ours has another word for it.
const TOOLS: &str = "kubectl flux helm k3d";
/// Functions that the tools' completions call and bash does not have by itself.
/// <https://github.com/scop/bash-completion>
const BASH_COMPLETION: &str = "/usr/share/bash-completion/bash_completion";

/// For bash on this machine.
/// <https://www.gnu.org/software/bash/manual/bash.html#Bash-Startup-Files>
pub(super) fn bash(prompt: &str, environment: &Environment) -> String {
    format!("[ -r ~/.bashrc ] && . ~/.bashrc\n{}", bash_of_its_own(prompt, environment))
}

/// The same for a home folder that is the lab's and has nothing of a person's.
pub(super) fn bash_of_its_own(prompt: &str, environment: &Environment) -> String {
    format!(
        "{}PS1='{prompt} \\W \\$ '\n\
         declare -F _get_comp_words_by_ref > /dev/null || {{ [ -r {BASH_COMPLETION} ] && . {BASH_COMPLETION}; }}\n\
         for tool in {TOOLS}; do\n  command -v \"$tool\" > /dev/null && eval \"$(\"$tool\" completion bash 2> /dev/null)\"\ndone\n\
         unset tool\n\
         command -v atelier > /dev/null && eval \"$(atelier completions bash 2> /dev/null)\"\n\
         true\n",
        lines(environment, Shell::Bash)
    )
}

/// For zsh on this machine.
/// <https://zsh.sourceforge.io/Doc/Release/Files.html>
pub(super) fn zsh(prompt: &str, environment: &Environment) -> String {
    format!(
        "ZDOTDIR=\"$HOME\"\n[ -r ~/.zshrc ] && . ~/.zshrc\n{}PROMPT='{prompt} %1~ %# '\n\
         autoload -Uz compinit && compinit -D\n\
         for tool in {TOOLS}; do\n  command -v \"$tool\" > /dev/null && eval \"$(\"$tool\" completion zsh 2> /dev/null)\"\ndone\n\
         unset tool\n\
         command -v atelier > /dev/null && eval \"$(atelier completions zsh 2> /dev/null)\"\n\
         true\n",
        lines(environment, Shell::Zsh)
    )
}

/// For fish on this machine.
/// <https://fishshell.com/docs/current/cmds/fish.html>
pub(super) fn fish(prompt: &str, environment: &Environment) -> String {
    format!(
        "{}function fish_prompt; echo -n '{prompt} '(prompt_pwd)' > '; end\n\
         for tool in {TOOLS}; command -q $tool; and $tool completion fish 2> /dev/null | source; end\n\
         command -q atelier; and atelier completions fish 2> /dev/null | source\n",
        lines(environment, Shell::Fish)
    )
}

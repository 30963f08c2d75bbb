//! What a Dockerfile says, with the lines that say it. Words are kept as written: what they come to depends on the
//! variables before them.

/// A Dockerfile that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dockerfile {
    /// What it is built on.
    pub from: Origin,
    /// The line of `FROM`.
    pub line: usize,
    /// What comes on top, in this order.
    pub steps: Vec<Step>,
}

/// What an image is built on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nothing.
    Scratch,
    /// Another image, as written.
    Image(String),
}

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its line, from 1; 0 for one that no file says.
    pub line: usize,
    /// As the image's history shows it.
    pub shown: String,
    /// What it does.
    pub instruction: Instruction,
}

/// What an instruction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// Adds files of the folder.
    Copy {
        /// Files and folders, with wildcards.
        sources: Vec<String>,
        /// Where in the image.
        target: String,
        /// Whether files are programs, whatever they are in the folder.
        executable: Option<bool>,
    },
    /// Sets variables.
    Env(Vec<(String, String)>),
    /// Tells ports.
    Expose(Vec<String>),
    /// Who the program runs as.
    User(String),
    /// Where it begins, and what later paths are relative to.
    Workdir(String),
    /// The program and its first arguments.
    Entrypoint(Vec<String>),
    /// Arguments that others may stand in for.
    Cmd(Vec<String>),
    /// Sets labels.
    Label(Vec<(String, String)>),
}

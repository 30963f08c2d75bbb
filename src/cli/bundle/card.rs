//! `atelier bundle card`: what is printed and put on the tables.

use clap::Args;
use maud::{DOCTYPE, html};
use serde_json::json;

use super::open::{images, megabytes, open};
use crate::artifacts::bundle::Bundle;
use crate::cli::global::Global;
use crate::error::Failure;
use crate::process::quote;
use crate::ui::Mode;

/// For paper.
const STYLE: &str = "body{font:14pt sans-serif;max-width:34em;margin:3em auto}\
    pre{font:13pt monospace;border:1px solid;padding:.6em;white-space:pre-wrap;overflow-wrap:anywhere}\
    footer{font-size:9pt;margin-top:2em}";

/// Print a card with the commands for who takes part
#[derive(Debug, Args)]
pub(super) struct CardArgs {
    /// The file, or the address that `bundle serve` prints
    #[arg(value_name = "FILE|ADDRESS")]
    place: String,
    /// Print a page for a browser, which prints it on paper
    #[arg(long)]
    html: bool,
}

/// What is on a card.
struct Card {
    title: String,
    needs: String,
    commands: [(&'static str, String); 2],
    foot: String,
}

pub(super) async fn run(global: &Global, args: CardArgs) -> Result<u8, Failure> {
    let bundle = open(&args.place).await?;
    let card = Card::of(&bundle, &args.place);
    if global.ui.mode() == Mode::Json {
        let commands = card.commands.iter().map(|(_, command)| command).collect::<Vec<_>>();
        global.ui.document(&json!({"title": card.title, "commands": commands, "digest": bundle.digest()}));
    } else {
        global.ui.data(&if args.html { card.html() } else { card.text() });
    }
    Ok(0)
}

impl Card {
    fn of(bundle: &Bundle, place: &str) -> Self {
        let index = bundle.index();
        let workshop = quote(&index.workshop);
        Self {
            title: format!("Workshop {}, without the Internet", index.workshop),
            needs: "You need atelier, Docker, k3d, git and kubectl: `atelier doctor --platform k3d` tells."
                .to_owned(),
            commands: [
                ("Set up your lab", format!("atelier --workshop {workshop} up --bundle {}", quote(place))),
                ("Take part", format!("atelier --workshop {workshop} learn")),
            ],
            foot: format!(
                "{}, {}, for {}; bundle {}",
                images(index.images.len()),
                megabytes(bundle.length()),
                index.architectures.join(" and "),
                bundle.digest()
            ),
        }
    }

    fn text(&self) -> String {
        let steps = self.commands.iter().enumerate();
        let steps =
            steps.map(|(index, (what, command))| format!("{}. {what}:\n\n       {command}\n", index + 1));
        format!(
            "{}\n\n{}\n\n{}\n{}\n",
            self.title,
            self.needs,
            steps.collect::<Vec<_>>().join("\n"),
            self.foot
        )
    }

    fn html(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head { meta charset="utf-8"; title { (self.title) } style { (STYLE) } }
                body {
                    h1 { (self.title) }
                    p { (self.needs) }
                    ol { @for (what, command) in &self.commands { li { (what) ":" pre { (command) } } } }
                    footer { (self.foot) }
                }
            }
        };
        format!("{}\n", page.into_string())
    }
}

//! What the pages of the samples look like. One hue per version, so that a new version is seen from the back of a room.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

const STYLE: &str = "
:root { color-scheme: light dark; --ink: light-dark(#1d2433, #e9edf5); --paper: light-dark(#fffdf7, #222a38);
  --table: light-dark(#e6e9f0, #10141c); --accent: light-dark(hsl(var(--hue) 65% 38%), hsl(var(--hue) 75% 70%)); }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--table);
  color: var(--ink); font: 1.05rem/1.5 system-ui, sans-serif; padding: 1.5rem; }
main { background: var(--paper); width: min(46rem, 100%); border-radius: .5rem; padding: 2rem; display: grid;
  grid-template-columns: 3fr 2fr; gap: 2rem; box-shadow: 0 .6rem 2.2rem #0004; border-top: .6rem solid var(--accent); }
.message { font: italic 1.6rem/1.35 Georgia, serif; margin: 0; overflow-wrap: anywhere; align-self: center; }
aside { border-left: 1px solid color-mix(in srgb, var(--ink) 25%, transparent); padding-left: 2rem; display: grid;
  gap: 1.2rem; align-content: space-between; }
.stamp { justify-self: end; border: .3rem dotted var(--accent); color: var(--accent); padding: .6rem .8rem;
  text-align: center; font-weight: 700; rotate: 3deg; }
.stamp b { display: block; font-size: 1.7rem; }
dl { margin: 0; } dt { font-size: .8rem; opacity: .7; } dd { margin: 0 0 .6rem; font-weight: 600; overflow-wrap: anywhere; }
ol { margin: 1.2rem 0 0; padding-left: 1.4rem; } li { overflow-wrap: anywhere; }
@media (max-width: 36rem) { main { grid-template-columns: 1fr; } aside { border: 0; padding: 0; } }
";

/// What every page shows.
pub(super) struct Look<'a> {
    /// The sample's name, as one reads it.
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) environment: &'a str,
    pub(super) message: &'a str,
}

/// Renders a page; `more` stands below the message, `facts` below the environment and the version.
pub(super) fn page(look: &Look<'_>, more: &Markup, facts: &[(&str, String)]) -> Markup {
    let Look { name, version, environment, message } = look;
    html! {
        (DOCTYPE)
        html lang="en" style=(format!("--hue: {}", hue(version))) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (name) " " (version) " from " (environment) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    div { p.message { (message) } (more) }
                    aside {
                        div.stamp { (name.to_lowercase()) b { (version) } }
                        dl {
                            dt { "Environment" } dd { (environment) }
                            dt { "Version" } dd { (version) }
                            @for (term, text) in facts { dt { (term) } dd { (text) } }
                        }
                    }
                }
            }
        }
    }
}

fn hue(version: &str) -> u32 {
    let digest = Sha256::digest(version.as_bytes());
    (u32::from(digest[0]) * 256 + u32::from(digest[1])) % 360
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_escaped() {
        let look = Look { name: "Postcard", version: "1.0.0", environment: "staging", message: "<script>" };
        let page = page(&look, &html! {}, &[]).into_string();
        assert!(page.contains(r#"<p class="message">&lt;script&gt;</p>"#), "{page}");
        assert!(page.contains("<title>Postcard 1.0.0 from staging</title>"), "{page}");
    }
}

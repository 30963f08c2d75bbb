//! Who waits for whom, as a picture: a column for each track, its steps from top to bottom, and an arrow from every
//! step to those that wait for it. Inline SVG, which prints. <https://www.w3.org/TR/SVG2/>

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::collect::{Handout, HandoutTrack};
use super::prose::escaped;

/// How wide a column is, in units of the picture.
const COLUMN: usize = 232;
/// How high a row is.
const ROW: usize = 30;
/// How wide a box is.
const BOX: usize = 156;
/// How high a box is.
const HEIGHT: usize = 21;
/// Where the boxes begin: below the names of the tracks.
const TOP: usize = 40;

/// The tracks from left to right: the first, whom the others wait for most, stands between them.
fn columns(handout: &Handout) -> Vec<&HandoutTrack> {
    let mut tracks: Vec<_> = handout.tracks.iter().collect();
    let middle = tracks.len() / 2;
    if let Some(part) = tracks.get_mut(..=middle) {
        part.rotate_left(1);
    }
    tracks
}

/// Where a step stands, counted in columns and rows.
type Places<'a> = BTreeMap<&'a str, (usize, usize)>;

/// The picture; nothing where no step waits for another one of the handout.
pub(super) fn svg(handout: &Handout) -> Option<String> {
    let places = places(handout);
    let known = |gate: &&super::Gate| places.contains_key(gate.needs.as_str());
    let gates: Vec<_> = handout.gates.iter().filter(known).collect();
    if gates.is_empty() {
        return None;
    }
    let rows = places.values().map(|(_, row)| row + 1).max()?;
    let (width, height) = (COLUMN * handout.tracks.len(), TOP + ROW * rows);
    let mut picture = format!(
        "<svg class=\"gates\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Which steps wait for which\">\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">\
         <path d=\"M0 0 8 4 0 8z\"/></marker></defs>\n"
    );
    for (column, track) in columns(handout).into_iter().enumerate() {
        let x = column * COLUMN + COLUMN / 2;
        let _ = writeln!(picture, "<text class=\"name\" x=\"{x}\" y=\"18\">{}</text>", escaped(&track.title));
        let own: Vec<_> = track.steps.iter().filter_map(|step| places.get(step.step.as_str())).collect();
        for pair in own.windows(2) {
            let (from, to) = (TOP + pair[0].1 * ROW + HEIGHT, TOP + pair[1].1 * ROW);
            let _ = writeln!(picture, "<path class=\"next\" d=\"M{x} {from}V{to}\"/>");
        }
    }
    for gate in gates {
        let (from, to) = (places[gate.needs.as_str()], places[gate.step.as_str()]);
        picture.push_str(&arrow(from, to));
    }
    for step in handout.tracks.iter().flat_map(|track| &track.steps) {
        let (column, row) = places[step.step.as_str()];
        let (x, y) = (column * COLUMN + (COLUMN - BOX) / 2, TOP + row * ROW);
        let name = step.step.split_once('.').map_or(step.step.as_str(), |(_, id)| id);
        let (middle, base) = (x + BOX / 2, y + 15);
        let _ = writeln!(
            picture,
            "<a href=\"#step-{}\"><rect x=\"{x}\" y=\"{y}\" width=\"{BOX}\" height=\"{HEIGHT}\" rx=\"4\"/>\
             <text x=\"{middle}\" y=\"{base}\">{}</text></a>",
            escaped(&step.step),
            escaped(name)
        );
    }
    picture.push_str("</svg>\n");
    Some(picture)
}

/// An arrow from the side of one box to the side of another one.
fn arrow(from: (usize, usize), to: (usize, usize)) -> String {
    let middle = |row: usize| TOP + row * ROW + HEIGHT / 2;
    let left = |column: usize| column * COLUMN + (COLUMN - BOX) / 2;
    let (begin, end) =
        if from.0 < to.0 { (left(from.0) + BOX, left(to.0)) } else { (left(from.0), left(to.0) + BOX) };
    let (top, bottom) = (middle(from.1), middle(to.1));
    let turn = |x: usize, forwards: bool| if forwards { x + 34 } else { x.saturating_sub(34) };
    let (first, second) = (turn(begin, from.0 < to.0), turn(end, from.0 >= to.0));
    format!("<path class=\"gate\" d=\"M{begin} {top}C{first} {top} {second} {bottom} {end} {bottom}\"/>\n")
}

/// Every step in its track's column, below the step before it and below all that it waits for.
fn places(handout: &Handout) -> Places<'_> {
    let mut places = Places::new();
    let tracks = columns(handout);
    let mut next = vec![0; tracks.len()];
    loop {
        let mut moved = false;
        for (column, track) in tracks.iter().enumerate() {
            while let Some(step) = track.steps.get(next[column]) {
                let shown =
                    |need: &&String| handout.tracks.iter().any(|track| has_step(track, need.as_str()));
                let needs: Vec<_> = step.needs.iter().filter(shown).collect();
                if needs.iter().any(|need| !places.contains_key(need.as_str())) {
                    break;
                }
                let above = next[column].checked_sub(1).map(|index| track.steps[index].step.as_str());
                let before = above.into_iter().chain(needs.iter().map(|need| need.as_str()));
                let row = before.map(|name| places[name].1 + 1).max().unwrap_or_default();
                places.insert(&step.step, (column, row));
                next[column] += 1;
                moved = true;
            }
        }
        if !moved {
            return places;
        }
    }
}

fn has_step(track: &HandoutTrack, name: &str) -> bool {
    track.steps.iter().any(|step| step.step == name)
}

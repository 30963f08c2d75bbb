//! The graph beside a list of commits: a lane for each line of history, in letters, so that it needs no picture.

use git2::Oid;

/// Lanes that are drawn; histories that are wider are cut.
const LANES: usize = 12;

/// A commit and its parents.
pub(super) type Node = (Oid, Vec<Oid>);

/// One row for each commit; the commits come as git lists them, children before their parents.
pub(super) fn rows(nodes: &[Node]) -> Vec<String> {
    let mut lanes: Vec<Option<Oid>> = Vec::new();
    nodes.iter().map(|node| row(&mut lanes, node)).collect()
}

fn row(lanes: &mut Vec<Option<Oid>>, (id, parents): &Node) -> String {
    let own = lanes.iter().position(|lane| *lane == Some(*id)).unwrap_or_else(|| free(lanes));
    let before: Vec<bool> = lanes.iter().map(Option::is_some).collect();
    // Other lines that lead to this commit end here.
    let mut ending = Vec::new();
    for (index, lane) in lanes.iter_mut().enumerate() {
        if index != own && *lane == Some(*id) {
            *lane = None;
            ending.push(index);
        }
    }
    lanes[own] = parents.first().copied();
    let mut beginning = Vec::new();
    for parent in parents.iter().skip(1) {
        let there = lanes.iter().position(|lane| *lane == Some(*parent));
        let lane = there.unwrap_or_else(|| free(lanes));
        lanes[lane] = Some(*parent);
        beginning.push(lane);
    }
    let joined = || ending.iter().chain(&beginning).copied();
    let (left, right) =
        (joined().chain([own]).min().unwrap_or(own), joined().chain([own]).max().unwrap_or(own));
    let mut text = String::new();
    for index in 0..lanes.len().min(LANES) {
        text.push(match index {
            _ if index == own => '●',
            _ if ending.contains(&index) => {
                if index > own {
                    '╯'
                } else {
                    '╰'
                }
            }
            _ if beginning.contains(&index) => {
                if index > own {
                    '╮'
                } else {
                    '╭'
                }
            }
            _ if before.get(index) == Some(&true) => {
                if index > left && index < right {
                    '┼'
                } else {
                    '│'
                }
            }
            _ if index > left && index < right => '─',
            _ => ' ',
        });
        text.push(if index >= left && index < right { '─' } else { ' ' });
    }
    while lanes.last() == Some(&None) {
        lanes.pop();
    }
    text.trim_end().to_owned()
}

fn free(lanes: &mut Vec<Option<Oid>>) -> usize {
    lanes.iter().position(Option::is_none).unwrap_or_else(|| {
        lanes.push(None);
        lanes.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_leave_and_come_back() {
        let id = |number: u8| Oid::from_bytes(&[number; 20]).unwrap();
        // 5 merges 4 (of a branch from 2) into 3.
        let nodes = [(5, vec![3, 4]), (4, vec![2]), (3, vec![2]), (2, vec![1]), (1, vec![])];
        let nodes: Vec<Node> =
            nodes.map(|(own, parents)| (id(own), parents.into_iter().map(id).collect())).into();
        assert_eq!(rows(&nodes), ["●─╮", "│ ●", "● │", "●─╯", "●"]);
    }

    #[test]
    fn a_line_in_between_is_crossed() {
        let id = |number: u8| Oid::from_bytes(&[number; 20]).unwrap();
        let nodes = [(9, vec![1]), (8, vec![2]), (7, vec![1, 3]), (3, vec![1]), (2, vec![1]), (1, vec![])];
        let nodes: Vec<Node> =
            nodes.map(|(own, parents)| (id(own), parents.into_iter().map(id).collect())).into();
        assert_eq!(rows(&nodes), ["●", "│ ●", "│ │ ●─╮", "│ │ │ ●", "│ ● │ │", "●─╯─╯─╯"]);
    }
}

//! Which objects a fetching client needs, and where its history is cut. All walks go by hand, since libgit2 does not
//! know what a client's shallow history looks like.

use std::collections::{HashMap, HashSet, VecDeque};

use git2::{ObjectType, Oid, PackBuilder, Repository};

use super::upload_request::UploadRequest;

/// The cut in a client's history after this fetch.
#[derive(Debug, Default)]
pub(super) struct Boundary {
    /// Commits whose parents are not sent.
    pub(super) cut: HashSet<Oid>,
    /// Newly cut, to be told to the client.
    pub(super) shallow: Vec<Oid>,
    /// No longer cut, to be told to the client.
    pub(super) unshallow: Vec<Oid>,
}

/// Follows tags to what they point to.
fn commits_of(git: &Repository, ids: &[Oid]) -> Vec<Oid> {
    let peel = |id: &Oid| git.find_object(*id, None).ok()?.peel(ObjectType::Commit).ok();
    ids.iter().filter_map(peel).map(|commit| commit.id()).collect()
}

/// Works out the cut that `deepen` and its relatives ask for.
pub(super) fn boundary(git: &Repository, request: &UploadRequest) -> Result<Boundary, git2::Error> {
    if !request.deepens() {
        return Ok(Boundary { cut: request.shallow.clone(), ..Boundary::default() });
    }
    let depths = depths(git, request)?;
    let mut limit = request.depth.unwrap_or(usize::MAX);
    if request.deepen_relative {
        let deepest = request.shallow.iter().filter_map(|id| depths.get(id)).max();
        limit = limit.saturating_add(deepest.copied().unwrap_or_default());
    }
    let excluded = excluded(git, request)?;
    let inside = |id: &Oid, depth: usize| -> Result<bool, git2::Error> {
        let recent = match request.deepen_since {
            Some(since) => git.find_commit(*id)?.time().seconds() >= since,
            None => true,
        };
        Ok(depth <= limit && recent && !excluded.contains(id))
    };
    let mut boundary = Boundary::default();
    for (id, &depth) in &depths {
        if !inside(id, depth)? {
            continue;
        }
        let parents: Vec<Oid> = git.find_commit(*id)?.parent_ids().collect();
        let mut whole = true;
        for parent in &parents {
            whole &= inside(parent, depths.get(parent).copied().unwrap_or(usize::MAX))?;
        }
        match (whole, request.shallow.contains(id)) {
            (false, known) => {
                boundary.cut.insert(*id);
                if !known {
                    boundary.shallow.push(*id);
                }
            }
            (true, true) => boundary.unshallow.push(*id),
            (true, false) => {}
        }
    }
    boundary.shallow.sort();
    boundary.unshallow.sort();
    Ok(boundary)
}

/// The distance of each commit from the wanted ones, which are 1, as far as it matters.
fn depths(git: &Repository, request: &UploadRequest) -> Result<HashMap<Oid, usize>, git2::Error> {
    let far = match request.depth {
        // One more than asked for, to know that there is more.
        Some(depth) if !request.deepen_relative => depth.saturating_add(1),
        _ => usize::MAX,
    };
    let mut depths = HashMap::new();
    let mut next: VecDeque<(Oid, usize)> =
        commits_of(git, &request.wants).into_iter().map(|id| (id, 1)).collect();
    while let Some((id, depth)) = next.pop_front() {
        if depths.contains_key(&id) {
            continue;
        }
        depths.insert(id, depth);
        if depth < far {
            next.extend(git.find_commit(id)?.parent_ids().map(|parent| (parent, depth + 1)));
        }
    }
    Ok(depths)
}

/// What `deepen-not` leads to.
fn excluded(git: &Repository, request: &UploadRequest) -> Result<HashSet<Oid>, git2::Error> {
    let mut starts = Vec::new();
    for name in &request.deepen_not {
        starts.push(git.resolve_reference_from_short_name(name)?.peel_to_commit()?.id());
    }
    closure(git, starts, &HashSet::new())
}

/// All ancestors of commits, not beyond the commits of `cut`.
fn closure(git: &Repository, starts: Vec<Oid>, cut: &HashSet<Oid>) -> Result<HashSet<Oid>, git2::Error> {
    let mut seen: HashSet<Oid> = starts.iter().copied().collect();
    let mut next = starts;
    while let Some(id) = next.pop() {
        if !cut.contains(&id) {
            next.extend(git.find_commit(id)?.parent_ids().filter(|parent| seen.insert(*parent)));
        }
    }
    Ok(seen)
}

/// Puts into the pack what the client asked for and does not have.
pub(super) fn select<'repo>(
    git: &'repo Repository,
    request: &UploadRequest,
    boundary: &Boundary,
    common: &[Oid],
    pack: &mut PackBuilder<'repo>,
) -> Result<(), git2::Error> {
    let owned = closure(git, commits_of(git, common), &request.shallow)?;
    let mut selection = Selection { git, pack, seen: HashSet::new() };
    // What the client's newest commits hold, it has: enough to leave out what did not change since.
    for id in commits_of(git, common) {
        selection.skip_tree(git.find_commit(id)?.tree_id())?;
    }
    let mut sent = HashSet::new();
    let mut next = VecDeque::from(commits_of(git, &request.wants));
    let mut seen: HashSet<Oid> = next.iter().copied().collect();
    while let Some(id) = next.pop_front() {
        let known = owned.contains(&id);
        if !known {
            selection.pack.insert_object(id, None)?;
            sent.insert(id);
        }
        // Below what a client with a whole history has is nothing new; below what a shallow one has there may be.
        if boundary.cut.contains(&id) || (known && request.shallow.is_empty()) {
            continue;
        }
        let commit = git.find_commit(id)?;
        next.extend(commit.parent_ids().filter(|parent| seen.insert(*parent)));
    }
    // The parents that the client has are skipped before anything is put in.
    for id in &sent {
        for parent in git.find_commit(*id)?.parent_ids().filter(|parent| owned.contains(parent)) {
            selection.skip_tree(git.find_commit(parent)?.tree_id())?;
        }
    }
    for id in &sent {
        selection.tree(git.find_commit(*id)?.tree_id(), "")?;
    }
    for want in &request.wants {
        selection.wanted(*want)?;
    }
    if request.include_tag {
        selection.tags(&sent)?;
    }
    Ok(())
}

struct Selection<'a, 'repo> {
    git: &'repo Repository,
    pack: &'a mut PackBuilder<'repo>,
    /// Trees and blobs that are in the pack or that the client has.
    seen: HashSet<Oid>,
}

impl Selection<'_, '_> {
    fn skip_tree(&mut self, id: Oid) -> Result<(), git2::Error> {
        self.walk(id, "", false)
    }

    fn tree(&mut self, id: Oid, path: &str) -> Result<(), git2::Error> {
        self.walk(id, path, true)
    }

    /// Goes through a tree without recursion: how deep trees are is for the pusher to say.
    fn walk(&mut self, root: Oid, path: &str, insert: bool) -> Result<(), git2::Error> {
        let mut next = vec![(root, path.to_owned())];
        while let Some((id, path)) = next.pop() {
            if !self.seen.insert(id) {
                continue;
            }
            if insert {
                self.pack.insert_object(id, Some(&path))?;
            }
            for entry in &self.git.find_tree(id)? {
                let path = format!("{path}/{}", String::from_utf8_lossy(entry.name_bytes()));
                match entry.kind() {
                    Some(ObjectType::Tree) => next.push((entry.id(), path)),
                    Some(ObjectType::Blob) if self.seen.insert(entry.id()) && insert => {
                        self.pack.insert_object(entry.id(), Some(&path))?;
                    }
                    // A submodule's commit is in another repository.
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Tags on the way to a wanted object, and objects that are no commits.
    fn wanted(&mut self, id: Oid) -> Result<(), git2::Error> {
        let mut object = self.git.find_object(id, None)?;
        while let Some(tag) = object.as_tag() {
            if self.seen.insert(object.id()) {
                self.pack.insert_object(object.id(), None)?;
            }
            object = tag.target()?;
        }
        match object.kind() {
            Some(ObjectType::Tree) => self.tree(object.id(), ""),
            Some(ObjectType::Blob) if self.seen.insert(object.id()) => {
                self.pack.insert_object(object.id(), None)
            }
            _ => Ok(()),
        }
    }

    /// Annotated tags of commits that are sent.
    fn tags(&mut self, sent: &HashSet<Oid>) -> Result<(), git2::Error> {
        for reference in self.git.references_glob("refs/tags/*")? {
            let reference = reference?;
            let (Some(id), Ok(peeled)) = (reference.target(), reference.peel_to_commit()) else { continue };
            if sent.contains(&peeled.id()) {
                self.wanted(id)?;
            }
        }
        Ok(())
    }
}

//! `images`: other names, tags and digests for containers' images.

use serde_json::Value;

use super::kustomization::Image;
use super::resource::Resource;

/// Changes the image of all containers, wherever lists of containers are.
pub(super) fn set_images(resources: &mut [Resource], images: &[Image]) {
    for image in images {
        for resource in
            resources.iter_mut().filter(|resource| resource.identity().kind != "CustomResourceDefinition")
        {
            walk(&mut resource.object, image);
        }
    }
}

fn walk(value: &mut Value, image: &Image) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let containers =
                    value.as_array_mut().filter(|_| field == "containers" || field == "initContainers");
                for container in containers.into_iter().flatten() {
                    if let Some(found) = container.get_mut("image").filter(|found| found.is_string()) {
                        *found = renamed(found.as_str().unwrap_or_default(), image).into();
                    }
                }
                walk(value, image);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, image)),
        _ => {}
    }
}

/// The image under its new name, or as it is where another is meant.
fn renamed(found: &str, image: &Image) -> String {
    let (name, tag, digest) = split(found);
    if name != image.name {
        return found.to_owned();
    }
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let name = given(&image.new_name).unwrap_or_else(|| name.to_owned());
    match (given(&image.new_tag), given(&image.digest)) {
        (Some(tag), Some(digest)) => format!("{name}:{tag}@{digest}"),
        (Some(tag), None) => format!("{name}:{tag}"),
        (None, Some(digest)) => format!("{name}@{digest}"),
        (None, None) => {
            let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
            let digest = digest.map(|digest| format!("@{digest}")).unwrap_or_default();
            format!("{name}{tag}{digest}")
        }
    }
}

fn split(image: &str) -> (&str, Option<&str>, Option<&str>) {
    let (rest, digest) = image.split_once('@').map_or((image, None), |(rest, digest)| (rest, Some(digest)));
    // A colon before a slash belongs to a port.
    let after_slash = rest.rfind('/').map_or(0, |at| at + 1);
    let colon = rest[after_slash..].find(':').map(|at| at + after_slash);
    colon.map_or((rest, None, digest), |at| (&rest[..at], Some(&rest[at + 1..]), digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_ports_and_digests_are_told_apart() {
        let image = |name: &str, new_name: Option<&str>, new_tag: Option<&str>| Image {
            name: name.to_owned(),
            new_name: new_name.map(str::to_owned),
            new_tag: new_tag.map(str::to_owned),
            digest: None,
        };
        let tagged = image("host:3000/fleet/card", None, Some("2"));
        assert_eq!(renamed("host:3000/fleet/card:1", &tagged), "host:3000/fleet/card:2");
        assert_eq!(renamed("host:3000/fleet/card@sha256:aa", &tagged), "host:3000/fleet/card:2");
        assert_eq!(renamed("host:3000/fleet/cards:1", &tagged), "host:3000/fleet/cards:1");
        assert_eq!(renamed("a:1@sha256:aa", &image("a", Some("b"), None)), "b:1@sha256:aa");
    }
}

//! Whether a text is a schedule of a `CronJob`: the form of `robfig/cron` version 3, with its words for what is wrong.
//! <https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax>

const PARTS: [(u32, u32, &[&str]); 5] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    (0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];
const DESCRIPTORS: [&str; 7] =
    ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// Reads a schedule, or tells what is wrong with it.
pub(super) fn read(text: &str) -> Result<(), String> {
    if text.starts_with('@') {
        let every = text.strip_prefix("@every ").is_some_and(|duration| !duration.is_empty());
        return if every || DESCRIPTORS.contains(&text) {
            Ok(())
        } else {
            Err(format!("unrecognized descriptor: {text}"))
        };
    }
    let fields: Vec<_> = text.split_whitespace().collect();
    if fields.len() != PARTS.len() {
        return Err(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
    }
    fields
        .iter()
        .zip(PARTS)
        .try_for_each(|(field, part)| field.split(',').try_for_each(|one| range(one, part)))
}

fn range(text: &str, (least, most, words): (u32, u32, &[&str])) -> Result<(), String> {
    let number = |word: &str| -> Result<u32, String> {
        let named = words.iter().position(|known| *known == word.to_lowercase());
        let base = u32::from(words.len() == 12);
        match named.and_then(|place| u32::try_from(place).ok()) {
            Some(place) => Ok(place + base),
            None => word.parse().map_err(|_| {
                let detail = format!("strconv.Atoi: parsing {word:?}: invalid syntax");
                format!("failed to parse int from {word}: {detail}")
            }),
        }
    };
    let (span, step) = text.split_once('/').map_or((text, None), |(span, step)| (span, Some(step)));
    let (start, end) = if matches!(span, "*" | "?") {
        (least, most)
    } else {
        match span.split_once('-') {
            Some((start, end)) => (number(start)?, number(end)?),
            None if step.is_some() => (number(span)?, most),
            None => (number(span)?, number(span)?),
        }
    };
    if step.map(number).transpose()? == Some(0) {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    if start < least {
        return Err(format!("beginning of range ({start}) below minimum ({least}): {text}"));
    }
    if end > most {
        return Err(format!("end of range ({end}) above maximum ({most}): {text}"));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
    }
    Ok(())
}

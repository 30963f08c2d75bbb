//! The answer to a push: the fate of each reference, and lines for the person who pushes.
//! <https://git-scm.com/docs/pack-protocol#_report_status>

use super::super::push::{Refusal, Update};
use super::packet::{self, BAND_LIMIT, Band};

pub(super) struct Report {
    /// Why the pack was refused, if it was.
    pub(super) unpack: Result<(), String>,
    pub(super) verdicts: Vec<Result<(), Refusal>>,
    /// Shown by the client as `remote: …`.
    pub(super) lines: Vec<String>,
}

impl Report {
    pub(super) fn write(&self, updates: &[Update], report_status: bool, side_band: bool) -> Vec<u8> {
        let mut report = Vec::new();
        if report_status {
            let unpack = self.unpack.as_ref().map_or_else(String::as_str, |()| "ok");
            packet::write(&mut report, format!("unpack {unpack}\n"));
            for (update, verdict) in updates.iter().zip(&self.verdicts) {
                let name = &update.name;
                packet::write(
                    &mut report,
                    match verdict {
                        Ok(()) => format!("ok {name}\n"),
                        Err(refusal) => format!("ng {name} {refusal}\n"),
                    },
                );
            }
            report.extend_from_slice(packet::FLUSH);
        }
        if !side_band {
            return report;
        }
        let mut out = Vec::new();
        for line in &self.lines {
            packet::write_band(&mut out, Band::Progress, format!("{line}\n").as_bytes(), BAND_LIMIT);
        }
        packet::write_band(&mut out, Band::Data, &report, BAND_LIMIT);
        out.extend_from_slice(packet::FLUSH);
        out
    }
}

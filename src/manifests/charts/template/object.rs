//! Values that are structs in Go: they have fields and methods, and print in ways of their own.

use super::function::Type;
use super::value::{Unsigned, Value};
use crate::manifests::semver::{Version, compare};

/// A struct.
#[derive(Clone, PartialEq)]
pub(crate) enum Object {
    Time(jiff::Zoned),
    Month(i8),
    Weekday(i8),
    Duration(i128),
    Version(Version),
    Capabilities { kube: KubeVersion, apis: Vec<String> },
    KubeVersion(KubeVersion),
    ApiVersions(Vec<String>),
    HelmVersion,
    Certificate(Certificate),
}

/// What a cluster says of its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KubeVersion {
    pub(crate) version: String,
    pub(crate) normalized: String,
    pub(crate) major: String,
    pub(crate) minor: String,
}

/// A certificate and its key, as PEM.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) cert: String,
    pub(crate) key: String,
}

/// The version of Helm whose behaviour this is.
pub(crate) const HELM_VERSION: &str = "v4.2";

/// What a name after a dot is.
pub(super) enum Member {
    Field(Value),
    /// Its parameters and what it is.
    Method(&'static [Type]),
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Object {
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Time(_) => "time.Time",
            Self::Month(_) => "time.Month",
            Self::Weekday(_) => "time.Weekday",
            Self::Duration(_) => "time.Duration",
            Self::Version(_) => "*semver.Version",
            Self::Capabilities { .. } => "*common.Capabilities",
            Self::KubeVersion(_) => "common.KubeVersion",
            Self::ApiVersions(_) => "common.VersionSet",
            Self::HelmVersion => "version.BuildInfo",
            Self::Certificate(_) => "sprig.certificate",
        }
    }

    pub(super) fn kind_name(&self) -> &'static str {
        match self {
            Self::Version(_) | Self::Capabilities { .. } => "ptr",
            Self::ApiVersions(_) => "slice",
            Self::Month(_) | Self::Weekday(_) => "int",
            Self::Duration(_) => "int64",
            _ => "struct",
        }
    }

    pub(super) fn items(&self) -> Option<Vec<Value>> {
        match self {
            Self::ApiVersions(versions) => {
                Some(versions.iter().map(|version| Value::text(version.as_str())).collect())
            }
            _ => None,
        }
    }

    /// Whether Go has a `String` method for it, which `%s` uses.
    pub(super) fn is_printed_as_text(&self) -> bool {
        matches!(
            self,
            Self::Time(_) | Self::Month(_) | Self::Weekday(_) | Self::Duration(_) | Self::Version(_)
        )
    }

    pub(super) fn print(&self) -> String {
        match self {
            Self::Time(time) => super::super::dates::print(time),
            Self::Month(month) => {
                let index = usize::try_from(*month - 1).unwrap_or_default();
                MONTHS[index.min(11)].to_owned()
            }
            Self::Weekday(day) => DAYS[usize::try_from(*day).unwrap_or_default().min(6)].to_owned(),
            Self::Duration(nanoseconds) => super::super::dates::duration_text(*nanoseconds),
            Self::Version(version) => version.to_string(),
            Self::Capabilities { kube, apis } => {
                format!("&{{{} [{}] {}}}", kube.print(), apis.join(" "), Self::HelmVersion.print())
            }
            Self::KubeVersion(kube) => kube.print(),
            Self::ApiVersions(versions) => format!("[{}]", versions.join(" ")),
            Self::HelmVersion => format!("{{{HELM_VERSION}    }}"),
            Self::Certificate(certificate) => format!("{{{} {}}}", certificate.cert, certificate.key),
        }
    }

    /// Finds a field or method.
    pub(super) fn member(&self, name: &str) -> Option<Member> {
        let field = |text: &str| Some(Member::Field(Value::text(text)));
        match self {
            Self::Time(_) => time_member(name),
            Self::Month(_) | Self::Weekday(_) => plain(name, &["String"]),
            Self::Duration(_) => {
                plain(name, &["String", "Hours", "Minutes", "Seconds", "Milliseconds", "Nanoseconds"])
            }
            Self::Version(_) => match name {
                "Equal" | "GreaterThan" | "LessThan" | "Compare" | "GreaterThanEqual" | "LessThanEqual" => {
                    Some(Member::Method(&[Type::Version]))
                }
                name => {
                    plain(name, &["Major", "Minor", "Patch", "Prerelease", "Metadata", "Original", "String"])
                }
            },
            Self::Capabilities { kube, apis } => match name {
                "KubeVersion" => Some(Member::Field(Value::object(Self::KubeVersion(kube.clone())))),
                "APIVersions" => Some(Member::Field(Value::object(Self::ApiVersions(apis.clone())))),
                "HelmVersion" => Some(Member::Field(Value::object(Self::HelmVersion))),
                _ => None,
            },
            Self::KubeVersion(kube) => match name {
                "Version" => field(&kube.version),
                "Major" => field(&kube.major),
                "Minor" => field(&kube.minor),
                name => plain(name, &["String", "GitVersion"]),
            },
            Self::ApiVersions(_) => (name == "Has").then_some(Member::Method(&[Type::Text])),
            Self::HelmVersion => match name {
                "Version" => field(HELM_VERSION),
                "GitCommit" | "GitTreeState" | "GoVersion" | "KubeClientVersion" => field(""),
                _ => None,
            },
            Self::Certificate(certificate) => match name {
                "Cert" => field(&certificate.cert),
                "Key" => field(&certificate.key),
                _ => None,
            },
        }
    }

    /// Calls a method that [`Object::member`] knows, with arguments that fit its parameters.
    pub(super) fn call(&self, name: &str, arguments: &[Value]) -> Value {
        use super::super::dates;
        match (self, name, arguments) {
            (Self::ApiVersions(versions), "Has", [Value::Text(version)]) => {
                Value::Bool(versions.iter().any(|known| known.as_bytes() == version.as_bytes()))
            }
            (Self::Time(time), name, arguments) => dates::call(time, name, arguments),
            (Self::Version(version), name, [Value::Object(other)]) => match &**other {
                Self::Version(other) => compare_versions(name, version, other),
                _ => Value::Nil,
            },
            (Self::Version(version), name, []) => match name {
                "Major" => Value::Uint(version.major, Unsigned::Uint64),
                "Minor" => Value::Uint(version.minor, Unsigned::Uint64),
                "Patch" => Value::Uint(version.patch, Unsigned::Uint64),
                "Prerelease" => Value::text(version.prerelease.as_str()),
                "Metadata" => Value::text(version.metadata.as_str()),
                "Original" => Value::text(version.original.as_str()),
                _ => Value::text(version.to_string()),
            },
            (Self::KubeVersion(kube), "GitVersion", []) => Value::text(kube.version.as_str()),
            (Self::KubeVersion(kube), "String", []) => Value::text(kube.normalized.as_str()),
            (Self::Duration(nanoseconds), name, []) if name != "String" => {
                dates::duration_part(*nanoseconds, name)
            }
            _ => Value::text(self.print()),
        }
    }

    /// As it is printed.
    pub(crate) fn shown(&self) -> String {
        self.print()
    }
}

fn compare_versions(name: &str, version: &Version, other: &Version) -> Value {
    let ordering = compare(version, other);
    Value::Bool(match name {
        "Equal" => ordering.is_eq(),
        "GreaterThan" => ordering.is_gt(),
        "GreaterThanEqual" => ordering.is_ge(),
        "LessThan" => ordering.is_lt(),
        "LessThanEqual" => ordering.is_le(),
        _ => return Value::int(ordering as i64),
    })
}

impl KubeVersion {
    fn print(&self) -> String {
        format!("{{{} {} {} {}}}", self.version, self.normalized, self.major, self.minor)
    }
}

impl Value {
    pub(crate) fn object(object: Object) -> Self {
        Self::Object(std::rc::Rc::new(object))
    }
}

fn plain(name: &str, known: &[&str]) -> Option<Member> {
    known.contains(&name).then_some(Member::Method(&[]))
}

fn time_member(name: &str) -> Option<Member> {
    match name {
        "Format" => Some(Member::Method(&[Type::Text])),
        "Add" | "Truncate" => Some(Member::Method(&[Type::Duration])),
        "AddDate" => Some(Member::Method(&[Type::Int, Type::Int, Type::Int])),
        "Before" | "After" | "Equal" | "Sub" => Some(Member::Method(&[Type::Time])),
        name => plain(
            name,
            &[
                "Unix",
                "UnixNano",
                "UnixMilli",
                "Year",
                "Month",
                "Day",
                "Hour",
                "Minute",
                "Second",
                "Nanosecond",
                "Weekday",
                "YearDay",
                "UTC",
                "Local",
                "String",
                "IsZero",
            ],
        ),
    }
}

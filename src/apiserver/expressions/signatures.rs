//! Types, and the functions and fields that are known with theirs: the only list of what an expression can call.
//!
//! After the environment that Kubernetes 1.34 gives to admission policies
//! (<https://kubernetes.io/docs/reference/using-api/cel/#cel-options-language-features-and-libraries>).

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use crate::apiserver::types::{Schema, Shape};

/// Words of the language, which no field is called by.
const RESERVED: [&str; 20] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
];

/// The type of an expression.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Type {
    /// Known only when it is evaluated.
    #[default]
    Dyn,
    /// `int`, `string`, or a type of Kubernetes by its full name.
    Named(String),
    /// `list(int)`
    List(Box<Self>),
    /// `map(string, int)`
    Map(Box<Self>, Box<Self>),
    /// `optional_type(int)`
    Optional(Box<Self>),
    /// An object of a kind.
    Object(Fields),
    /// Any type, the same wherever the letter stands.
    Any(char),
}

/// The fields of an object. Two are the same where they are of the same definition.
#[derive(Clone, Debug)]
pub(crate) struct Fields(Schema);

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0.node(), other.0.node())
    }
}

impl Eq for Fields {}

impl Fields {
    pub(super) fn field(&self, name: &str) -> Option<Type> {
        let field = self.0.field(name).or_else(|| self.0.field(&unescaped(name)?));
        field.map(Type::of_schema)
    }
}

/// A field's own name, where an expression has to write it otherwise: `__dash__` for a dash, `__in__` for a word of the
/// language.
fn unescaped(name: &str) -> Option<String> {
    if !name.contains("__") {
        return None;
    }
    let word = name.strip_prefix("__").and_then(|rest| rest.strip_suffix("__")).unwrap_or_default();
    if RESERVED.contains(&word) {
        return Some(word.to_owned());
    }
    let mut whole = name.to_owned();
    for (escaped, sign) in
        [("__dot__", "."), ("__dash__", "-"), ("__slash__", "/"), ("__underscores__", "__")]
    {
        whole = whole.replace(escaped, sign);
    }
    Some(whole)
}

/// A field's name as an expression has to write it.
pub(crate) fn escaped(name: &str) -> String {
    if RESERVED.contains(&name) {
        return format!("__{name}__");
    }
    let mut whole = name.replace("__", "__underscores__");
    for (escaped, sign) in [("__dot__", "."), ("__dash__", "-"), ("__slash__", "/")] {
        whole = whole.replace(sign, escaped);
    }
    whole
}

/// A function that is called on a receiver, or without one.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) receiver: Option<Type>,
    pub(super) arguments: Vec<Type>,
    pub(super) result: Type,
}

impl Type {
    pub(crate) fn named(name: &str) -> Self {
        Self::Named(name.to_owned())
    }

    /// The type of what a schema describes.
    pub(crate) fn of_schema(schema: &Schema) -> Self {
        match schema.shape() {
            Shape::Boolean => Self::named("bool"),
            Shape::Integer(_) => Self::named("int"),
            Shape::Number => Self::named("double"),
            Shape::String => match schema.node().rules.as_ref().and_then(|rules| rules.format.as_deref()) {
                Some("date" | "date-time") => Self::named("timestamp"),
                Some("duration") => Self::named("duration"),
                Some("byte") => Self::named("bytes"),
                _ => Self::named("string"),
            },
            Shape::Quantity => Self::named("string"),
            Shape::Time => Self::named("timestamp"),
            Shape::Bytes => Self::named("bytes"),
            Shape::Object(object) if !object.fields.is_empty() && !schema.node().preserve_unknown => {
                Self::Object(Fields(schema.clone()))
            }
            Shape::Map(values) => {
                Self::Map(Box::new(Self::named("string")), Box::new(Self::of_schema(values)))
            }
            Shape::List(list) => Self::List(Box::new(Self::of_schema(&list.items))),
            _ => Self::Dyn,
        }
    }

    pub(super) fn is(&self, name: &str) -> bool {
        matches!(self, Self::Named(own) if own == name)
    }

    /// Whether `null` can stand for it: messages of Kubernetes, times, and what is not known.
    fn is_nullable(&self) -> bool {
        match self {
            Self::Dyn | Self::Any(_) | Self::Object(_) => true,
            Self::Named(name) => {
                name.contains('.') || matches!(name.as_str(), "null" | "duration" | "timestamp")
            }
            _ => false,
        }
    }

    /// Whether a value of type `given` can stand here; letters are bound at their first use.
    pub(super) fn takes(&self, given: &Self, letters: &mut Vec<(char, Self)>) -> bool {
        match (self, given) {
            (Self::Any(letter), given) => match letters.iter().position(|(own, _)| own == letter) {
                None => {
                    letters.push((*letter, given.clone()));
                    true
                }
                Some(place) => {
                    let bound = letters[place].1.clone();
                    if bound == Self::named("null") && given.is_nullable() {
                        letters[place].1 = given.clone();
                        return true;
                    }
                    bound.is_like(given)
                }
            },
            (Self::List(own), Self::List(given)) | (Self::Optional(own), Self::Optional(given)) => {
                own.takes(given, letters)
            }
            (Self::Map(key, value), Self::Map(given_key, given_value)) => {
                key.takes(given_key, letters) && value.takes(given_value, letters)
            }
            _ => self.is_like(given),
        }
    }

    /// Whether two types may be the same.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dyn | Self::Any(_), _) | (_, Self::Dyn | Self::Any(_)) => true,
            (Self::List(one), Self::List(two)) | (Self::Optional(one), Self::Optional(two)) => {
                one.is_like(two)
            }
            (Self::Map(key, value), Self::Map(other_key, other_value)) => {
                key.is_like(other_key) && value.is_like(other_value)
            }
            (one, two) if one.is("null") => two.is_nullable(),
            (one, two) if two.is("null") => one.is_nullable(),
            (one, two) => one == two,
        }
    }

    /// The type with its letters replaced by what they stand for.
    pub(super) fn with(&self, letters: &[(char, Self)]) -> Self {
        match self {
            Self::Any(letter) => {
                let bound = letters.iter().find(|(own, _)| own == letter);
                bound.map_or(Self::Dyn, |(_, bound)| bound.clone())
            }
            Self::List(item) => Self::List(Box::new(item.with(letters))),
            Self::Optional(item) => Self::Optional(Box::new(item.with(letters))),
            Self::Map(key, value) => Self::Map(Box::new(key.with(letters)), Box::new(value.with(letters))),
            other => other.clone(),
        }
    }

    /// Reads a type of the table below.
    pub(super) fn read(text: &str) -> Self {
        let inner = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix(')');
        if let Some(item) = inner("list(") {
            return Self::List(Box::new(Self::read(item)));
        }
        if let Some(item) = inner("optional(") {
            return Self::Optional(Box::new(Self::read(item)));
        }
        if let Some(both) = inner("map(") {
            let (key, value) = split(both)
                .next()
                .map_or((both, ""), |key| (key, both[key.len()..].trim_start_matches([',', ' '])));
            return Self::Map(Box::new(Self::read(key)), Box::new(Self::read(value)));
        }
        match text {
            "dyn" => Self::Dyn,
            "A" | "B" => Self::Any(if text == "A" { 'A' } else { 'B' }),
            "Quantity" | "Semver" | "URL" => Self::Named(format!("kubernetes.{text}")),
            "IP" | "CIDR" => Self::Named(format!("net.{text}")),
            "Format" => Self::named("kubernetes.NamedFormat"),
            "Authorizer" | "PathCheck" | "GroupCheck" | "ResourceCheck" | "Decision" => {
                Self::Named(format!("kubernetes.authorization.{text}"))
            }
            text => Self::named(text),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn | Self::Any(_) => formatter.write_str("dyn"),
            Self::Named(name) => formatter.write_str(name),
            Self::Object(_) => formatter.write_str("object"),
            Self::List(item) => write!(formatter, "list({item})"),
            Self::Map(key, value) => write!(formatter, "map({key}, {value})"),
            Self::Optional(item) => write!(formatter, "optional_type({item})"),
        }
    }
}

/// Splits at the commas that are not inside of parentheses.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    let parts = text.split(move |letter| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

/// The signatures of every function, by its name.
pub(super) fn signatures(name: &str) -> Option<&'static [Signature]> {
    static TABLE: OnceLock<HashMap<&'static str, Vec<Signature>>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let mut table: HashMap<&'static str, Vec<Signature>> = HashMap::new();
        for row in FUNCTIONS.lines().filter(|row| !row.is_empty()) {
            let (head, result) = row.split_once(" -> ").expect("every row of the table has a result");
            let (receiver, head) = match head.split_once(" : ") {
                Some((receiver, head)) => (Some(Type::read(receiver)), head),
                None => (None, head),
            };
            let open = head.find('(').expect("every row of the table has arguments");
            let arguments = split(&head[open + 1..head.len() - 1]).map(Type::read).collect();
            table.entry(&head[..open]).or_default().push(Signature {
                receiver,
                arguments,
                result: Type::read(result),
            });
        }
        table
    });
    table.get(name).map(Vec::as_slice)
}

/// The fields of the types that have a fixed set of them.
pub(super) fn fields(of: &str) -> Option<&'static [(&'static str, &'static str)]> {
    Some(match of {
        "kubernetes.AdmissionRequest" => &[
            ("kind", "kubernetes.GroupVersionKind"),
            ("resource", "kubernetes.GroupVersionResource"),
            ("subResource", "string"),
            ("requestKind", "kubernetes.GroupVersionKind"),
            ("requestResource", "kubernetes.GroupVersionResource"),
            ("requestSubResource", "string"),
            ("name", "string"),
            ("namespace", "string"),
            ("operation", "string"),
            ("userInfo", "kubernetes.UserInfo"),
            ("dryRun", "bool"),
            ("options", "dyn"),
        ],
        "kubernetes.GroupVersionKind" => &[("group", "string"), ("version", "string"), ("kind", "string")],
        "kubernetes.GroupVersionResource" => {
            &[("group", "string"), ("version", "string"), ("resource", "string")]
        }
        "kubernetes.UserInfo" => &[
            ("username", "string"),
            ("uid", "string"),
            ("groups", "list(string)"),
            ("extra", "map(string, list(string))"),
        ],
        "kubernetes.Namespace" => &[
            ("metadata", "kubernetes.NamespaceMetadata"),
            ("spec", "kubernetes.NamespaceSpec"),
            ("status", "kubernetes.NamespaceStatus"),
        ],
        "kubernetes.NamespaceMetadata" => &[
            ("name", "string"),
            ("generateName", "string"),
            ("namespace", "string"),
            ("labels", "map(string, string)"),
            ("annotations", "map(string, string)"),
            ("UID", "string"),
            ("creationTimestamp", "timestamp"),
            ("deletionGracePeriodSeconds", "int"),
            ("deletionTimestamp", "timestamp"),
            ("generation", "int"),
            ("resourceVersion", "string"),
            ("finalizers", "list(string)"),
        ],
        "kubernetes.NamespaceSpec" => &[("finalizers", "list(string)")],
        "kubernetes.NamespaceStatus" => {
            &[("conditions", "list(kubernetes.NamespaceCondition)"), ("phase", "string")]
        }
        "kubernetes.NamespaceCondition" => &[
            ("status", "string"),
            ("type", "string"),
            ("lastTransitionTime", "timestamp"),
            ("message", "string"),
            ("reason", "string"),
        ],
        "kubernetes.authorization.Authorizer" => &[("requestResource", "ResourceCheck")],
        _ => return None,
    })
}

/// Receiver, name, arguments and result.
const FUNCTIONS: &str = "
_?_:_(bool, A, A) -> A
_==_(A, A) -> bool
_!=_(A, A) -> bool
@in(A, list(A)) -> bool
@in(A, map(A, B)) -> bool
!_(bool) -> bool
-_(int) -> int
-_(double) -> double
_+_(int, int) -> int
_+_(uint, uint) -> uint
_+_(double, double) -> double
_+_(string, string) -> string
_+_(bytes, bytes) -> bytes
_+_(list(A), list(A)) -> list(A)
_+_(duration, duration) -> duration
_+_(timestamp, duration) -> timestamp
_+_(duration, timestamp) -> timestamp
_-_(int, int) -> int
_-_(uint, uint) -> uint
_-_(double, double) -> double
_-_(duration, duration) -> duration
_-_(timestamp, duration) -> timestamp
_-_(timestamp, timestamp) -> duration
_*_(int, int) -> int
_*_(uint, uint) -> uint
_*_(double, double) -> double
_/_(int, int) -> int
_/_(uint, uint) -> uint
_/_(double, double) -> double
_%_(int, int) -> int
_%_(uint, uint) -> uint
type(A) -> type
dyn(A) -> dyn
int(int) -> int
int(uint) -> int
int(double) -> int
int(string) -> int
int(timestamp) -> int
int(duration) -> int
uint(uint) -> uint
uint(int) -> uint
uint(double) -> uint
uint(string) -> uint
double(double) -> double
double(int) -> double
double(uint) -> double
double(string) -> double
string(string) -> string
string(bool) -> string
string(int) -> string
string(uint) -> string
string(double) -> string
string(bytes) -> string
string(timestamp) -> string
string(duration) -> string
string(IP) -> string
string(CIDR) -> string
bool(bool) -> bool
bool(string) -> bool
bytes(bytes) -> bytes
bytes(string) -> bytes
duration(string) -> duration
duration(duration) -> duration
timestamp(string) -> timestamp
timestamp(int) -> timestamp
timestamp(timestamp) -> timestamp
size(string) -> int
size(bytes) -> int
size(list(A)) -> int
size(map(A, B)) -> int
string : size() -> int
bytes : size() -> int
list(A) : size() -> int
map(A, B) : size() -> int
string : contains(string) -> bool
string : startsWith(string) -> bool
string : endsWith(string) -> bool
string : matches(string) -> bool
matches(string, string) -> bool
string : charAt(int) -> string
string : indexOf(string) -> int
string : indexOf(string, int) -> int
string : lastIndexOf(string) -> int
string : lastIndexOf(string, int) -> int
string : lowerAscii() -> string
string : upperAscii() -> string
string : replace(string, string) -> string
string : replace(string, string, int) -> string
string : split(string) -> list(string)
string : split(string, int) -> list(string)
string : substring(int) -> string
string : substring(int, int) -> string
string : trim() -> string
string : format(list(dyn)) -> string
strings.quote(string) -> string
list(string) : join() -> string
list(string) : join(string) -> string
string : find(string) -> string
string : findAll(string) -> list(string)
string : findAll(string, int) -> list(string)
list(A) : isSorted() -> bool
list(A) : sum() -> A
list(A) : min() -> A
list(A) : max() -> A
list(A) : indexOf(A) -> int
list(A) : lastIndexOf(A) -> int
sets.contains(list(A), list(A)) -> bool
sets.equivalent(list(A), list(A)) -> bool
sets.intersects(list(A), list(A)) -> bool
url(string) -> URL
isURL(string) -> bool
URL : getScheme() -> string
URL : getHost() -> string
URL : getHostname() -> string
URL : getPort() -> string
URL : getEscapedPath() -> string
URL : getQuery() -> map(string, list(string))
ip(string) -> IP
isIP(string) -> bool
ip.isCanonical(string) -> bool
IP : family() -> int
IP : isUnspecified() -> bool
IP : isLoopback() -> bool
IP : isLinkLocalMulticast() -> bool
IP : isLinkLocalUnicast() -> bool
IP : isGlobalUnicast() -> bool
cidr(string) -> CIDR
isCIDR(string) -> bool
CIDR : containsIP(string) -> bool
CIDR : containsIP(IP) -> bool
CIDR : containsCIDR(string) -> bool
CIDR : containsCIDR(CIDR) -> bool
CIDR : ip() -> IP
CIDR : masked() -> CIDR
CIDR : prefixLength() -> int
quantity(string) -> Quantity
isQuantity(string) -> bool
Quantity : sign() -> int
Quantity : isInteger() -> bool
Quantity : asInteger() -> int
Quantity : asApproximateFloat() -> double
Quantity : add(Quantity) -> Quantity
Quantity : add(int) -> Quantity
Quantity : sub(Quantity) -> Quantity
Quantity : sub(int) -> Quantity
Quantity : isGreaterThan(Quantity) -> bool
Quantity : isLessThan(Quantity) -> bool
Quantity : compareTo(Quantity) -> int
semver(string) -> Semver
semver(string, bool) -> Semver
isSemver(string) -> bool
isSemver(string, bool) -> bool
Semver : major() -> int
Semver : minor() -> int
Semver : patch() -> int
Semver : isGreaterThan(Semver) -> bool
Semver : isLessThan(Semver) -> bool
Semver : compareTo(Semver) -> int
format.named(string) -> optional(Format)
format.dns1123Label() -> Format
format.dns1123Subdomain() -> Format
format.dns1035Label() -> Format
format.qualifiedName() -> Format
format.dns1123LabelPrefix() -> Format
format.dns1123SubdomainPrefix() -> Format
format.dns1035LabelPrefix() -> Format
format.labelValue() -> Format
format.uri() -> Format
format.uuid() -> Format
format.byte() -> Format
format.date() -> Format
format.datetime() -> Format
Format : validate(string) -> optional(list(string))
optional.of(A) -> optional(A)
optional.ofNonZeroValue(A) -> optional(A)
optional.none() -> optional(A)
optional(A) : hasValue() -> bool
optional(A) : value() -> A
optional(A) : or(optional(A)) -> optional(A)
optional(A) : orValue(A) -> A
timestamp : getFullYear() -> int
timestamp : getMonth() -> int
timestamp : getDayOfYear() -> int
timestamp : getDayOfMonth() -> int
timestamp : getDate() -> int
timestamp : getDayOfWeek() -> int
timestamp : getHours() -> int
timestamp : getMinutes() -> int
timestamp : getSeconds() -> int
timestamp : getMilliseconds() -> int
duration : getHours() -> int
duration : getMinutes() -> int
duration : getSeconds() -> int
duration : getMilliseconds() -> int
Authorizer : path(string) -> PathCheck
Authorizer : group(string) -> GroupCheck
Authorizer : serviceAccount(string, string) -> Authorizer
GroupCheck : resource(string) -> ResourceCheck
ResourceCheck : subresource(string) -> ResourceCheck
ResourceCheck : namespace(string) -> ResourceCheck
ResourceCheck : name(string) -> ResourceCheck
ResourceCheck : fieldSelector(string) -> ResourceCheck
ResourceCheck : labelSelector(string) -> ResourceCheck
ResourceCheck : check(string) -> Decision
PathCheck : check(string) -> Decision
Decision : allowed() -> bool
Decision : reason() -> string
Decision : errored() -> bool
Decision : error() -> string
";

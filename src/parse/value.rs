//! A walk through JSON that notes what is wrong and goes on.
//!
//! A reader takes a `Value` and gives `None` only after noting why. It asks for all members of
//! an object before it gives up on one, so that no mistake hides another: hence `?` comes last.

use std::{borrow::Cow, collections::HashSet, fmt};

use events::text::Unfit;

use super::Kind;
use super::findings::{Findings, Path};
use super::json::Json;

/// An object without members, for one that may be left out but holds members that may not.
static NOTHING: Json<'static> = Json::Object(Vec::new());

/// JSON in its place.
pub(super) struct Value<'a> {
    pub(super) json: &'a Json<'a>,
    path: Path<'a>,
    findings: &'a mut Findings,
}

impl<'a> Value<'a> {
    pub(super) fn root(json: &'a Json<'a>, findings: &'a mut Findings) -> Self {
        note_doubles(json, Path::Root, findings);
        Self { json, path: Path::Root, findings }
    }

    pub(super) fn invalid<T>(self, detail: impl fmt::Display) -> Option<T> {
        self.findings.note(Kind::Invalid, self.path, detail);
        None
    }

    /// Notes what is wrong with a value that is read all the same, for what else may be wrong.
    pub(super) fn note(&mut self, detail: impl fmt::Display) {
        self.findings.note(Kind::Invalid, self.path, detail);
    }

    pub(super) fn mistyped<T>(self, detail: impl fmt::Display) -> Option<T> {
        self.findings.note(Kind::Malformed, self.path, detail);
        None
    }

    pub(super) fn parse<T, E: fmt::Display>(
        self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let Json::String(text) = self.json else { return self.mistyped("is not a string") };
        match parse(text) {
            Ok(value) => Some(value),
            Err(unfit) => self.invalid(unfit),
        }
    }

    /// Text that may be wrong in more than one way; all of them are told.
    pub(super) fn text<T>(mut self, parse: impl FnOnce(&str) -> Result<T, Unfit>) -> Option<T> {
        let Json::String(text) = self.json else { return self.mistyped("is not a string") };
        match parse(text) {
            Ok(value) => Some(value),
            Err(unfit) => {
                let is_too_long = matches!(unfit, Unfit::TooLong { .. });
                if is_too_long && text.chars().any(char::is_control) {
                    self.note(Unfit::ControlCharacter);
                }
                self.invalid(unfit)
            }
        }
    }

    pub(super) fn object<T>(self, read: impl FnOnce(&mut Object<'_>) -> Option<T>) -> Option<T> {
        let Json::Object(members) = self.json else { return self.mistyped("is not an object") };
        let Self { path, findings, .. } = self;
        let mut object = Object { members, path, findings, asked: Vec::with_capacity(24) };

        let value = read(&mut object);
        object.ignore_the_rest();
        value
    }

    /// How many items a list has.
    pub(super) fn count(&self) -> Option<usize> {
        if let Json::Array(items) = self.json { Some(items.len()) } else { None }
    }

    /// Items that cannot be read are missing from the list; they were noted.
    pub(super) fn list<T>(self, mut read: impl FnMut(Value<'_>) -> Option<T>) -> Option<Vec<T>> {
        let Json::Array(items) = self.json else { return self.mistyped("is not a list") };
        let Self { path, findings, .. } = self;

        let value = |(index, json)| {
            read(Value { json, path: Path::Item(&path, index), findings: &mut *findings })
        };
        Some(items.iter().enumerate().filter_map(value).collect())
    }
}

/// What another place says about a member that may stand in two.
pub(super) struct Elsewhere<T> {
    stated: bool,
    /// None where nothing stands, and where something unfit does.
    value: Option<T>,
}

/// An object whose members are being asked for.
pub(super) struct Object<'a> {
    members: &'a [(Cow<'a, str>, Json<'a>)],
    path: Path<'a>,
    findings: &'a mut Findings,
    asked: Vec<&'static str>,
}

impl<'a> Object<'a> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Value<'_>) -> Option<T>,
    ) -> Option<T> {
        self.asked.push(name);
        read(self.place(name, self.find(name)?))
    }

    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Value<'_>) -> Option<T>,
    ) -> Option<T> {
        if !self.has(name) {
            self.invalid(name, "is required");
        }
        self.optional(name, read)
    }

    /// Reads a member as if it were there, for the sake of what is required within.
    pub(super) fn implied<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Value<'_>) -> Option<T>,
    ) -> Option<T> {
        self.asked.push(name);
        read(self.place(name, self.find(name).unwrap_or(&NOTHING)))
    }

    /// Reads a member that may as well stand deeper, where the reference defines it.
    pub(super) fn elsewhere<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Value<'_>) -> Option<T>,
    ) -> Elsewhere<T> {
        Elsewhere { stated: self.has(name), value: self.optional(name, read) }
    }

    /// Reads a member where the reference defines it; it must agree with what stands elsewhere.
    pub(super) fn optional_again<T: PartialEq>(
        &mut self,
        name: &'static str,
        elsewhere: Elsewhere<T>,
        read: impl FnOnce(Value<'_>) -> Option<T>,
    ) -> Option<T> {
        let here = self.optional(name, read);
        if here.is_some() && elsewhere.value.is_some() && here != elsewhere.value {
            self.invalid(name, "does not agree with the same member further up");
        }
        here.or(elsewhere.value)
    }

    pub(super) fn required_again<T: PartialEq>(
        &mut self,
        name: &'static str,
        elsewhere: Elsewhere<T>,
        read: impl FnOnce(Value<'_>) -> Option<T>,
    ) -> Option<T> {
        if !elsewhere.stated && !self.has(name) {
            self.invalid(name, "is required");
        }
        self.optional_again(name, elsewhere, read)
    }

    /// Members that have a meaning, but not here: neither read nor reported.
    pub(super) fn pass_over(&mut self, names: &[&'static str]) {
        self.asked.extend(names);
    }

    pub(super) fn invalid(&mut self, name: &str, detail: impl fmt::Display) {
        self.findings.note(Kind::Invalid, Path::Member(&self.path, name), detail);
    }

    /// The name of the only member.
    pub(super) fn sole(&mut self) -> Option<&'a str> {
        if let [(name, _)] = self.members {
            return Some(name);
        }
        self.findings.note(Kind::Invalid, self.path, "does not have exactly one member");
        None
    }

    fn find(&self, name: &str) -> Option<&'a Json<'a>> {
        self.members.iter().find(|(member, _)| member == name).map(|(_, json)| json)
    }

    fn place<'b>(&'b mut self, name: &'b str, json: &'b Json<'b>) -> Value<'b> {
        Value { json, path: Path::Member(&self.path, name), findings: &mut *self.findings }
    }

    fn ignore_the_rest(self) {
        let mut ignored = HashSet::new();
        for (name, _) in self.members {
            if !self.asked.contains(&name.as_ref()) && ignored.insert(name) {
                self.findings.ignore(Path::Member(&self.path, name));
            }
        }
    }
}

/// Readers disagree on which of two members counts, so neither does.
fn note_doubles(json: &Json<'_>, path: Path<'_>, findings: &mut Findings) {
    match json {
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                note_doubles(item, Path::Item(&path, index), findings);
            }
        }
        Json::Object(members) => {
            let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
            names.sort_unstable();
            for name in names.chunk_by(PartialEq::eq).filter(|same| same.len() > 1) {
                let path = Path::Member(&path, name[0]);
                findings.note(Kind::Malformed, path, "appears more than once");
            }
            for (name, member) in members {
                note_doubles(member, Path::Member(&path, name), findings);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

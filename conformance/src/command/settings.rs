//! What a caller can say, in one place: the same names as options, in the environment and in a TOML file.
//!
//! Later layers win: the file named by `--config`, `DUOLOGUE_CONFORMANCE_*`, options.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use duologue_conformance::door::Trust;
use duologue_conformance::target::{Capability, Target};
use figment::Figment;
use figment::providers::{Env, Serialized};
use serde::de::{DeserializeOwned, Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Early, Exit};

/// What the environment's names begin with.
const PREFIX: &str = "DUOLOGUE_CONFORMANCE_";

/// Where.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct TargetSettings {
    /// Address of the gRPC door; several are replicas [default without --rest: <http://127.0.0.1:50051>]
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "list")]
    pub(super) grpc: Vec<String>,
    /// Address of the REST door; several are replicas [default without --grpc: <http://127.0.0.1:8080>]
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "list")]
    pub(super) rest: Vec<String>,
    /// PEM certificates of the authority that vouches for https:// addresses [default: those this machine believes]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ca: Option<PathBuf>,
    /// What decides every random choice; printed with every failure [default: a new one]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<u64>,
    /// Says that you operate the deployment; demanded when it is not on this machine [default: false]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) i_operate_this_target: Option<bool>,
}

/// Which scenarios.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SelectionSettings {
    /// Only scenarios that match: an id, a family, or a pattern with *; with @grpc or @rest for one door
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "list")]
    pub(super) only: Vec<String>,
    /// No scenarios that match
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "list")]
    pub(super) skip: Vec<String>,
    /// Only what the contract demands, nothing of level SHOULD [default: false]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) must: Option<bool>,
}

/// `run` and `quick`: where, which, how, and what to write.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct RunSettings {
    #[command(flatten)]
    #[serde(flatten)]
    pub(super) target: TargetSettings,
    #[command(flatten)]
    #[serde(flatten)]
    pub(super) selection: SelectionSettings,
    /// TOML file of scenarios that are known to fail: they run, and have to fail
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) known_failing: Option<PathBuf>,
    /// Something that not every deployment has: access-ttl=SECONDS, load=PAIRSxMESSAGES, slow
    #[arg(long, value_name = "NAME[=VALUE]", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "list")]
    pub(super) capability: Vec<String>,
    /// Kills the deployment and starts it again; run by `sh -c`, and done when the command ends
    #[arg(long, value_name = "COMMAND")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) restart_command: Option<String>,
    /// Scenarios that run at once [default: 6]
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at_once: Option<u16>,
    /// Writes the report as JSON, the source of all others
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) json: Option<PathBuf>,
    /// Writes the report as `JUnit` XML
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) junit: Option<PathBuf>,
    /// Writes the report as one HTML page
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) html: Option<PathBuf>,
}

/// `load`: where, how much, and what to write.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct LoadSettings {
    #[command(flatten)]
    #[serde(flatten)]
    pub(super) target: TargetSettings,
    /// Pairs of people who write to each other [default: 10]
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pairs: Option<u32>,
    /// Messages a second that each pair sends, whether or not those before were answered [default: 10]
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rate: Option<u32>,
    /// How long they send [default: 10]
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seconds: Option<u32>,
    /// Writes what was measured as JSON
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) json: Option<PathBuf>,
}

/// `faults`: where, which, and what to write.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct FaultsSettings {
    #[command(flatten)]
    #[serde(flatten)]
    pub(super) target: TargetSettings,
    /// Only these faults
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "list")]
    pub(super) fault: Vec<String>,
    /// Writes what came of each as JSON
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) json: Option<PathBuf>,
}

impl TargetSettings {
    /// The deployment that they mean; one that is not on this machine has to be the caller's.
    pub(super) fn target(&self) -> Result<Target, Early> {
        let (mut grpc, mut rest) = (self.grpc.clone(), self.rest.clone());
        if grpc.is_empty() && rest.is_empty() {
            grpc.push("http://127.0.0.1:50051".to_owned());
            rest.push("http://127.0.0.1:8080".to_owned());
        }
        let target = self.believing(Target::new(&grpc, &rest))?;
        if !target.is_loopback() && !self.i_operate_this_target.unwrap_or_default() {
            let message = "the deployment is not on this machine: the run makes thousands of calls and leaves its \
                 users behind. Say --i-operate-this-target if that is yours to decide";
            return Err((Exit::Usage, message.to_owned()));
        }
        Ok(target)
    }
}

impl TargetSettings {
    /// The deployment with whom to believe, where it speaks TLS.
    fn believing(&self, target: Target) -> Result<Target, Early> {
        let trust = match (&self.ca, target.is_secure()) {
            (Some(path), true) => Trust::of_file(path),
            (Some(_), false) => Err("--ca needs an address that begins with https://".to_owned()),
            (None, true) => Trust::of_this_machine(),
            (None, false) => return Ok(target),
        };
        Ok(target.trusting(trust.map_err(|error| (Exit::Usage, error))?))
    }
}

impl RunSettings {
    /// The deployment that they mean, with what was declared of it.
    pub(super) fn target(&self) -> Result<Target, Early> {
        let mut target = self.target.target()?;
        for declared in &self.capability {
            let (name, value) = declared.split_once('=').unwrap_or((declared, ""));
            let capability = Capability::DECLARED.into_iter().find(|capability| capability.name() == name);
            let capability =
                capability.ok_or_else(|| (Exit::Usage, format!("there is no capability {name:?}")))?;
            target.declare(capability, value);
        }
        if let Some(command) = &self.restart_command {
            target.declare(Capability::Restart, command);
        }
        Ok(target)
    }
}

/// What was said as options, over the environment, over a file.
pub(super) fn layered<T>(given: &T, file: Option<&Path>) -> Result<T, Early>
where
    T: Args + Serialize + DeserializeOwned,
{
    let names = names::<T>();
    let mut figment = Figment::new();
    if let Some(file) = file {
        let usage = |error: String| (Exit::Usage, format!("{}: {error}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|error| usage(error.to_string()))?;
        figment = figment.merge(Serialized::defaults(lines_of(&text, &names).map_err(usage)?));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    figment
        .merge(Env::prefixed(PREFIX).only(&names))
        .merge(Serialized::defaults(given))
        .extract()
        .map_err(|error| (Exit::Usage, format!("the options, the environment or the file: {error}")))
}

/// The lines of a file that have these names; a line that no command knows is an error.
fn lines_of(text: &str, names: &[String]) -> Result<toml::Table, String> {
    let lines: toml::Table = toml::from_str(text).map_err(|error: toml::de::Error| error.to_string())?;
    let known =
        [self::names::<RunSettings>(), self::names::<LoadSettings>(), self::names::<FaultsSettings>()]
            .concat();
    if let Some(name) = lines.keys().find(|name| !known.contains(name)) {
        return Err(format!("there is no option {name:?}"));
    }
    Ok(lines.into_iter().filter(|(name, _)| names.contains(name)).collect())
}

/// The names of the options, as the file and, in capitals, the environment have them.
fn names<T: Args>() -> Vec<String> {
    let command = T::augment_args(clap::Command::new("names"));
    command.get_arguments().map(|argument| argument.get_id().to_string()).collect()
}

/// A list, or text with commas between its items, which is all that the environment has.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct List;

    impl<'de> Visitor<'de> for List {
        type Value = Vec<String>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a list of texts")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<String>, E> {
            Ok(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<String>, A::Error> {
            let mut texts = Vec::new();
            while let Some(text) = items.next_element()? {
                texts.push(text);
            }
            Ok(texts)
        }
    }

    deserializer.deserialize_any(List)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extracted(text: &str, given: &RunSettings) -> RunSettings {
        let lines = lines_of(text, &names::<RunSettings>()).expect("known names");
        let figment = Figment::new().merge(Serialized::defaults(lines));
        figment.merge(Serialized::defaults(given)).extract().expect("a configuration")
    }

    #[test]
    fn an_option_wins_over_the_file_and_the_rest_stays() {
        let given = RunSettings {
            target: TargetSettings { seed: Some(7), ..TargetSettings::default() },
            ..RunSettings::default()
        };
        let text =
            "seed = 1\nat_once = 2\nmust = true\nonly = [\"auth\", \"user\"]\nrest = \"a:1, b:2\"\npairs = 3";
        let settings = extracted(text, &given);
        assert_eq!(settings.target.seed, Some(7));
        assert_eq!(settings.at_once, Some(2));
        assert_eq!(settings.selection.must, Some(true));
        assert_eq!(settings.selection.only, ["auth", "user"]);
        assert_eq!(settings.target.rest, ["a:1", "b:2"]);
    }

    #[test]
    fn a_line_that_no_command_knows_is_an_error() {
        assert!(lines_of("known-failing = \"x\"", &names::<RunSettings>()).is_err());
        assert!(lines_of("rate = 1", &names::<SelectionSettings>()).is_ok_and(|lines| lines.is_empty()));
    }

    #[test]
    fn a_distant_target_has_to_be_the_callers_own() {
        for (address, is_mine, expected) in [("10.0.0.1:1", false, true), ("10.0.0.1:1", true, false)] {
            let settings = TargetSettings {
                rest: vec![address.to_owned()],
                i_operate_this_target: Some(is_mine),
                ..TargetSettings::default()
            };
            assert_eq!(settings.target().is_err(), expected, "{address}");
        }
    }
}

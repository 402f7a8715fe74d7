//! Hashes as PHC strings: what a hash was made with, and the one way in which hashes are made today.

use argon2::password_hash::phc::{self, Output, ParamsString, Salt};
use argon2::{Algorithm, Argon2, Params, Version};

use super::HasherSettings;

/// The text is no hash that this server would check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    /// Not the PHC string of an Argon2 hash.
    #[error("is not the PHC string of an Argon2 hash")]
    Malformed,
    /// It asks for more memory or passes than the settings allow.
    #[error("asks for more work than is allowed")]
    TooCostly,
}

/// A hash that was read, and all that it takes to make it again.
pub(super) struct Recorded {
    pub(super) recipe: Recipe,
    pub(super) salt: Salt,
    pub(super) output: Output,
}

/// How a hash is made, all but the password and the salt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipe {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) params: Params,
}

impl Recipe {
    /// How hashes are made today.
    pub(super) fn of_today(settings: &HasherSettings) -> Result<Self, argon2::Error> {
        let params = Params::new(
            settings.memory_kib,
            settings.passes,
            settings.lanes,
            Some(Params::DEFAULT_OUTPUT_LEN),
        )?;
        Ok(Self { algorithm: Algorithm::Argon2id, version: Version::V0x13, params })
    }

    /// The function itself.
    pub(super) fn argon2(&self) -> Argon2<'static> {
        Argon2::new(self.algorithm, self.version, self.params.clone())
    }

    /// How many bytes it makes.
    pub(super) fn output_length(&self) -> usize {
        self.params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN)
    }

    /// The PHC string of what it made.
    pub(super) fn to_phc(&self, salt: &[u8], output: &[u8]) -> Result<String, argon2::password_hash::Error> {
        let hash = phc::PasswordHash {
            algorithm: self.algorithm.ident(),
            version: Some(self.version.into()),
            params: ParamsString::try_from(&self.params)?,
            salt: Some(Salt::new(salt)?),
            hash: Some(Output::new(output)?),
        };
        Ok(hash.to_string())
    }
}

/// Reads a PHC string, of any variant, version and parameters of Argon2 that the settings allow.
pub(super) fn read(text: &str, settings: &HasherSettings) -> Result<Recorded, Unreadable> {
    let hash = phc::PasswordHash::new(text).map_err(|_| Unreadable::Malformed)?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| Unreadable::Malformed)?;
    // Hashes from before versions were written down are of the first one.
    let version =
        hash.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(|_| Unreadable::Malformed)?;
    let params = Params::try_from(&hash).map_err(|_| Unreadable::Malformed)?;
    let (Some(salt), Some(output)) = (hash.salt, hash.hash) else { return Err(Unreadable::Malformed) };
    if params.m_cost() > settings.largest_memory_kib || params.t_cost() > settings.most_passes {
        return Err(Unreadable::TooCostly);
    }
    Ok(Recorded { recipe: Recipe { algorithm, version, params }, salt, output })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_hash_or_too_costly_is_told_apart() {
        let settings = HasherSettings::default();
        let tail = "c2FsdHNhbHRzYWx0$8mKRLMzOP5HKIAQkrZk6pXmUvVYzbUbXDTuYk7c1Y5Q";
        let table = [
            (String::new(), Some(Unreadable::Malformed)),
            ("password".to_owned(), Some(Unreadable::Malformed)),
            (format!("$scrypt$v=19$m=19456,t=2,p=1${tail}"), Some(Unreadable::Malformed)),
            ("$argon2id$v=19$m=19456,t=2,p=1".to_owned(), Some(Unreadable::Malformed)),
            ("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0".to_owned(), Some(Unreadable::Malformed)),
            (format!("$argon2id$v=19$m=1,t=2,p=1${tail}"), Some(Unreadable::Malformed)),
            (format!("$argon2id$v=18$m=19456,t=2,p=1${tail}"), Some(Unreadable::Malformed)),
            (format!("$argon2id$v=19$m=19456,t=2,p=1${tail}$more"), Some(Unreadable::Malformed)),
            (format!("$argon2id$v=19$m=4294967295,t=2,p=1${tail}"), Some(Unreadable::TooCostly)),
            (format!("$argon2id$v=19$m=65537,t=2,p=1${tail}"), Some(Unreadable::TooCostly)),
            (format!("$argon2id$v=19$m=19456,t=4294967295,p=1${tail}"), Some(Unreadable::TooCostly)),
            (format!("$argon2id$v=19$m=65536,t=2,p=1${tail}"), None),
            (format!("$argon2id$v=19$m=19456,t=2,p=1${tail}"), None),
            (format!("$argon2i$m=8,t=1,p=1${tail}"), None),
        ];
        for (text, expected) in table {
            assert_eq!(read(&text, &settings).err(), expected, "{text}");
        }
    }

    #[test]
    fn a_hash_reads_as_it_was_written() {
        let settings = HasherSettings::default();
        let recipe = Recipe::of_today(&settings).unwrap();
        let text = recipe.to_phc(&[7; 16], &[9; 32]).unwrap();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        let read = read(&text, &settings).unwrap();
        assert_eq!(read.recipe, recipe);
        assert_eq!((&*read.salt, read.output.as_bytes()), ([7; 16].as_slice(), [9; 32].as_slice()));
    }
}

//! What a certificate says of itself.

use std::path::Path;
use std::time::{Duration, SystemTime};

use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage};

/// An end that comes sooner than this is warned of.
const SOON: Duration = Duration::from_hours(7 * 24);

/// Whether a certificate may be shown at some time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    NotYet,
    Current,
    Over,
}

/// The names that a certificate is for: DNS names, then URIs.
pub(crate) fn names(certificate: &CertificateDer<'_>) -> Result<Vec<String>, Error> {
    let certificate = EndEntityCert::try_from(certificate)?;
    Ok(certificate.valid_dns_names().chain(certificate.valid_uri_names()).map(str::to_owned).collect())
}

/// Whether a certificate is valid at `time`, whoever vouches for it.
pub(crate) fn validity(certificate: &CertificateDer<'_>, time: UnixTime) -> Result<Validity, Error> {
    let certificate = EndEntityCert::try_from(certificate)?;
    // Nobody is trusted here, so this always fails; the certificate's own dates are looked at before its issuer is.
    let failed = certificate.verify_for_usage(&[], &[], &[], time, KeyUsage::server_auth(), None, None).err();
    Ok(match failed {
        Some(Error::CertExpired { .. }) => Validity::Over,
        Some(Error::CertNotValidYet { .. }) => Validity::NotYet,
        _ => Validity::Current,
    })
}

/// Says in the log that a certificate is not valid, or soon will not be.
pub(crate) fn warn_of_validity(certificate: &CertificateDer<'_>, file: &Path) -> Result<(), Error> {
    let file = file.display();
    let soon = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default() + SOON;
    match validity(certificate, UnixTime::now())? {
        Validity::Over => tracing::warn!(%file, "the certificate has expired: peers will refuse it"),
        Validity::NotYet => tracing::warn!(%file, "the certificate is not valid yet: peers will refuse it"),
        Validity::Current => {
            if validity(certificate, UnixTime::since_unix_epoch(soon))? == Validity::Over {
                tracing::warn!(%file, "the certificate expires within a week");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    fn certificate() -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["chat.internal".to_owned()]).unwrap();
        let role = SanType::URI("spiffe://duologue/chat".try_into().unwrap());
        params.subject_alt_names.push(role);
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    fn at(since_epoch_days: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_hours(since_epoch_days * 24))
    }

    #[test]
    fn a_certificate_is_valid_between_its_dates() {
        let certificate = certificate();
        // 2020-01-01 is 18,262 days after the epoch, and 2020 was a leap year.
        for (day, expected) in [
            (18_261, Validity::NotYet),
            (18_262, Validity::Current),
            (18_627, Validity::Current),
            (18_629, Validity::Over),
        ] {
            assert_eq!(validity(&certificate, at(day)), Ok(expected), "day {day}");
        }
    }

    #[test]
    fn a_certificate_names_its_hosts_and_uris() {
        assert_eq!(names(&certificate()), Ok(vec!["chat.internal".into(), "spiffe://duologue/chat".into()]));
    }
}

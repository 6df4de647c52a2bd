//! TLS to the engine. As in libpq, `prefer` and `require` encrypt and verify nothing: whoever can change packets can pretend to be
//! the engine. `verify-full` verifies.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::fault::Fault;

/// What of the engine's certificate is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verified {
    /// Nothing: only who listens is kept out.
    Nothing,
    /// That a known authority has signed it.
    Authority,
    /// And that it is for the host that was connected to.
    AuthorityAndHost,
}

/// What connects with TLS. The authorities are those of the file, or the public ones.
pub(super) fn connector(verified: Verified, roots: Option<&Path>) -> Result<MakeRustlsConnect, Fault> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::Misused(format!("TLS can't be set up: {error}")))?;
    let (authority, own) = if verified == Verified::Nothing { (None, vec![]) } else { authority(&provider, roots)? };
    let verifier = Verifier { provider, authority, own, is_host_verified: verified == Verified::AuthorityAndHost };
    let mut config = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    // What PostgreSQL 17 wants to hear where TLS begins at once.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

/// The authorities, and their certificates if they come from a file.
type Authorities = (Option<Arc<WebPkiServerVerifier>>, Vec<CertificateDer<'static>>);

fn authority(provider: &Arc<CryptoProvider>, roots: Option<&Path>) -> Result<Authorities, Fault> {
    let mut store = RootCertStore::empty();
    let mut own = Vec::new();
    if let Some(path) = roots {
        let unreadable =
            |error: &dyn std::fmt::Display| Fault::Misused(format!("sslrootcert {}: {error}", path.display()));
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))? {
            let certificate = certificate.map_err(|error| unreadable(&error))?;
            store.add(certificate.clone()).map_err(|error| unreadable(&error))?;
            own.push(certificate);
        }
        if store.is_empty() {
            return Err(unreadable(&"there is no certificate in it"));
        }
    } else {
        store.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    }
    let built = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider)).build();
    let built = built.map_err(|error| Fault::Misused(format!("the root certificates can't be used: {error}")))?;
    Ok((Some(built), own))
}

/// Verifies as much as the URL says.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    /// None if any certificate will do.
    authority: Option<Arc<WebPkiServerVerifier>>,
    /// The certificates of `sslrootcert`.
    own: Vec<CertificateDer<'static>>,
    is_host_verified: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authority) = &self.authority else { return Ok(ServerCertVerified::assertion()) };
        match authority.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // What `openssl req -x509` makes: it has signed itself, and counts as an authority. Its time was verified before.
            Err(Error::InvalidCertificate(CertificateError::Other(reason)))
                if reason.0.to_string() == "CaUsedAsEndEntity" && self.own.contains(end_entity) =>
            {
                if self.is_host_verified {
                    verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
            // The name is what is verified last.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.is_host_verified => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

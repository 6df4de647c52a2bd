//! Which servers the commands believe over TLS.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use crate::server::{Outcome, tocos};

/// A server that says over TLS that there are no coins, to whoever believes its certificate. Gives its address, and leaves the
/// certificate in a file.
fn server(certificate: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(certificate, made.cert.pem()).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut tls = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream.unwrap());
            let mut head = [0; 4096];
            // Who does not believe the certificate ends the connection.
            if tls.read(&mut head).is_ok_and(|read| read > 0) {
                let body = r#"{"items":[]}"#;
                let length = body.len();
                write!(tls, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
                    .unwrap();
                tls.conn.send_close_notify();
                tls.flush().unwrap();
            }
        }
    });
    address
}

fn coins(address: &str, of_system: &str, ca_file: Option<&Path>) -> Outcome {
    let mut command = tocos();
    command.args(["coins", "--url", address, "--json"]).env("SSL_CERT_FILE", of_system).env_remove("SSL_CERT_DIR");
    command.args(ca_file.iter().flat_map(|file| ["--ca-file".as_ref(), file.as_os_str()]));
    command.output().unwrap().into()
}

#[test]
fn the_operating_systems_authorities_are_believed_and_those_of_ca_file() {
    let dir = TempDir::new().unwrap();
    let certificate = dir.path().join("certificate.pem");
    let (address, file) = (server(&certificate), certificate.to_str().unwrap());
    let none = dir.path().join("none.pem");
    std::fs::write(&none, "").unwrap();
    let none = none.to_str().unwrap();
    for (of_system, ca_file) in [(file, None), (none, Some(&*certificate))] {
        coins(&address, of_system, ca_file).ok();
    }
    let error = coins(&address, none, None).fails(1);
    assert!(error.contains("certificate"), "{error}");
}

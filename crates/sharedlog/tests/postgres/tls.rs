use std::fs;
use std::path::Path;
use std::process::Command;

use tocos_sharedlog::postgres::{Log, init};
use tocos_sharedlog::{Fault, SharedLog};

use crate::cluster::Cluster;
use crate::{fill, identity};

/// A key and a certificate that it has signed itself, for one name.
fn certificate(directory: &Path, file: &str, name: &str, more: &[&str]) {
    let output = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", &format!("/CN={name}"), "-addext", &format!("subjectAltName=DNS:{name}")])
        .args(more)
        .arg("-keyout")
        .arg(directory.join(format!("{file}.key")))
        .arg("-out")
        .arg(directory.join(format!("{file}.crt")))
        .output()
        .expect("openssl is there; on Debian as root: apt-get install openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_encrypts_and_verifies_as_far_as_the_url_says() {
    let cluster = Cluster::start("");
    let certificates = tempfile::tempdir().unwrap();
    certificate(certificates.path(), "server", "localhost", &[]);
    certificate(certificates.path(), "other", "localhost", &[]);
    // By an authority that has signed nothing else.
    let signer = [certificates.path().join("other.crt"), certificates.path().join("other.key")];
    let [crt, key] = [signer[0].to_str().unwrap(), signer[1].to_str().unwrap()];
    certificate(
        certificates.path(),
        "signed",
        "localhost",
        &["-CA", crt, "-CAkey", key, "-addext", "basicConstraints=CA:FALSE"],
    );
    for name in ["server.key", "server.crt", "signed.key", "signed.crt"] {
        cluster.give(&certificates.path().join(name), name);
    }
    let files =
        format!("ssl_cert_file = '{0}/server.crt'\nssl_key_file = '{0}/server.key'", cluster.path("").display());
    let plain = format!("postgres://postgres@localhost:{}/postgres?ledger=a", cluster.port);
    let connect = |parameters: String| {
        let url = format!("{plain}{parameters}");
        async move { Log::connect(&url).await }
    };
    init(&cluster.url("ledger=a"), &identity("a"), None).await.unwrap();
    connect("&sslmode=prefer".to_owned()).await.unwrap();
    let Err(Fault::Misused(text)) = connect("&sslmode=require".to_owned()).await else { panic!("there is no TLS yet") };
    assert!(text.contains("TLS") && text.contains("sslmode"), "{text}");

    cluster.configure(&format!("ssl = on\n{files}"));
    cluster.reload();
    cluster.sql("create role ana login password 'secret'; grant all on schema tocos to ana; grant all on all tables in schema tocos to ana");
    let ours = certificates.path().join("server.crt").display().to_string();
    let others = certificates.path().join("other.crt").display().to_string();
    for (user, host, parameters, is_accepted) in [
        ("postgres", "localhost", "sslmode=prefer".to_owned(), true),
        ("postgres", "localhost", "sslmode=require".to_owned(), true),
        // The password is bound to the certificate, so that nobody in between can use it.
        ("ana:secret", "localhost", "sslmode=require&channel_binding=require".to_owned(), true),
        ("postgres", "localhost", format!("sslmode=verify-full&sslrootcert={ours}"), true),
        ("ana:secret", "localhost", format!("sslmode=verify-full&sslrootcert={ours}"), true),
        // The name of the host is another one.
        ("postgres", "127.0.0.1", format!("sslmode=verify-full&sslrootcert={ours}"), false),
        ("postgres", "127.0.0.1", format!("sslmode=verify-ca&sslrootcert={ours}"), true),
        ("postgres", "127.0.0.1", format!("sslmode=require&sslrootcert={ours}"), true),
        // Another authority.
        ("postgres", "localhost", format!("sslmode=verify-full&sslrootcert={others}"), false),
        ("postgres", "localhost", format!("sslmode=verify-ca&sslrootcert={others}"), false),
        ("postgres", "localhost", format!("sslmode=require&sslrootcert={others}"), false),
        // The public ones.
        ("postgres", "localhost", "sslmode=verify-full".to_owned(), false),
        ("postgres", "localhost", "sslmode=verify-full&sslrootcert=system".to_owned(), false),
    ] {
        let url = format!("postgres://{user}@{host}:{}/postgres?ledger=a&{parameters}", cluster.port);
        match Log::connect(&url).await {
            Ok(log) => {
                assert!(is_accepted, "{host} {parameters}");
                let tip = log.tip().await.unwrap();
                fill(&log, tip, 1).await;
                let encrypted =
                    "select count(*) filter (where ssl), count(*) from pg_stat_ssl join pg_stat_activity using (pid)
                    where application_name = 'tocos'";
                // The last of its three connections may still be on its way.
                cluster.until(encrypted, "3|3").await;
                drop(log);
                cluster.until("select count(*) from pg_stat_activity where application_name = 'tocos'", "0").await;
            }
            Err(Fault::Misused(text)) => {
                assert!(!is_accepted && text.contains("certificate"), "{host} {parameters}: {text}");
            }
            Err(fault) => panic!("{host} {parameters}: {fault}"),
        }
    }
    // One that an authority has signed.
    cluster.configure(&files.replace("/server.", "/signed."));
    cluster.reload();
    for (host, authority, is_accepted) in
        [("localhost", &others, true), ("127.0.0.1", &others, false), ("localhost", &ours, false)]
    {
        let url = format!(
            "postgres://postgres@{host}:{}/postgres?ledger=a&sslmode=verify-full&sslrootcert={authority}",
            cluster.port
        );
        let connected = Log::connect(&url).await;
        assert_eq!(connected.is_ok(), is_accepted, "{host} {authority}: {connected:?}");
    }
    fs::remove_dir_all(certificates.path()).unwrap();
}

//! The commands that are printed at the end of an apply lead to what was applied. A simulated pod answers a forwarded port
//! with what it is sent (tests/controlplane/stages.yaml).

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::cluster::{alices, apply, machine, planned};
use crate::support::rig::rig;

/// The printed command that begins so.
fn command<'o>(output: &'o str, begins: &str) -> &'o str {
    let mut lines = output.lines().map(str::trim_start);
    lines.find(|line| line.starts_with(begins)).unwrap_or_else(|| panic!("no '{begins}' in\n{output}"))
}

#[test]
fn the_printed_commands_reach_the_notebook() {
    let Some(rig) = rig("the commands that reach what was applied") else { return };
    let namespace = alices(rig, "reach");
    let copilot = machine(rig);
    let notebook = copilot.run(["pattern", "render", "Notebook", "--name", "mira"]).expect_code(0);
    copilot.write("mira.yaml", &notebook.stdout);
    let plan = planned(&copilot, &["-f", "mira.yaml", "--context", "alice", "-n", &namespace]);
    let applied = apply(&copilot, &plan, &[]).expect_code(0);
    assert!(applied.stdout.contains("reach it:"), "{}", applied.stdout);

    let forward = command(&applied.stdout, "kubectl port-forward ");
    let words: Vec<&str> = forward.split(' ').skip(1).collect();
    let (local, remote) = words[2].split_once(':').expect("a local port and the Service's");
    assert_eq!(local, "8888", "the port that people know a notebook by: {forward}");
    // As it is printed, but for the local port, which somebody else may have: kubectl chooses one.
    let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    words[2] = format!(":{remote}");
    let mut forwarding = Command::new(rig.kubectl_path())
        .env("KUBECONFIG", &rig.kubeconfig)
        .args(&words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("kubectl can be started");
    // Read to the end of the test: kubectl reports each connection, and ends where nobody listens.
    let mut stdout = BufReader::new(forwarding.stdout.take().expect("stdout is piped"));
    let mut said = String::new();
    stdout.read_line(&mut said).expect("kubectl says where it forwards from");
    let address = said.split(' ').nth(2).unwrap_or_else(|| panic!("{forward} says '{said}'"));
    let heard = echo(address);
    // Before the verdict: a failed test must leave nothing running.
    forwarding.kill().expect("kubectl still forwards");
    forwarding.wait().expect("kubectl can be awaited");
    assert_eq!(heard.as_deref().unwrap_or_default(), "hello", "{forward}: {heard:?}");

    // Logs too; a simulated pod has none to show.
    let logs = ["logs", "mira-0", "-n", &namespace, "--context", "alice"];
    copilot.run_program(rig.kubectl_path(), logs).expect_code(0);

    // The other line shows the token, and nothing but it.
    let token = command(&applied.stdout, "kubectl get secret ");
    let shell = copilot.with_env("PATH", rig.path());
    let shown = shell.run_program("/bin/sh", ["-c", token]).expect_code(0);
    assert_eq!(shown.stdout.len(), 48, "{token}");
    assert!(shown.stdout.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
    assert!(!applied.stdout.contains(&shown.stdout), "it was not shown before it was asked for");
}

/// What comes back for `hello`.
fn echo(address: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    // Only there to end a test that hangs.
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.write_all(b"hello")?;
    let mut heard = [0; 5];
    stream.read_exact(&mut heard)?;
    Ok(String::from_utf8_lossy(&heard).into_owned())
}

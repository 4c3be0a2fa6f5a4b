//! The test control plane: real API server, scheduler and controllers with simulated nodes, one for all tests.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use super::not_run::not_run;
use super::repository::root;

/// The folder that `tools/controlplane.sh build` prints.
const FOLDER: &str = "KUBECTL_COPILOT_CONTROLPLANE";

/// A running control plane. It ends when its standard input closes: with this process, however that ends.
pub struct Rig {
    /// A context for each user: admin, alice, viewer, nobody, expired.
    pub kubeconfig: PathBuf,
    /// Address of the API server.
    pub server: String,
    kubectl: PathBuf,
    stdin: ChildStdin,
    answers: BufReader<ChildStdout>,
    _child: Child,
}

/// The control plane of this test process, started at the first call. Where it was not built, `what` is noted as not
/// run and there is none.
pub fn rig(what: &str) -> Option<&'static Rig> {
    static RIG: OnceLock<Option<Result<Rig, String>>> = OnceLock::new();
    let rig = RIG.get_or_init(|| std::env::var_os(FOLDER).map(|folder| Rig::start(Path::new(&folder))));
    match rig {
        Some(Ok(rig)) => Some(rig),
        // One attempt for all tests.
        Some(Err(error)) => panic!("no control plane: {error}"),
        None => {
            not_run(&format!("{what} ({FOLDER} is not set; `tools/controlplane.sh build` prints it)"));
            None
        }
    }
}

/// A control plane of a test's own, which may break it: see [`Rig::kill`].
pub fn own_rig(what: &str) -> Option<Rig> {
    let Some(folder) = std::env::var_os(FOLDER) else {
        not_run(&format!("{what} ({FOLDER} is not set; `tools/controlplane.sh build` prints it)"));
        return None;
    };
    Some(Rig::start(Path::new(&folder)).unwrap_or_else(|error| panic!("no control plane: {error}")))
}

impl Rig {
    fn start(folder: &Path) -> Result<Self, String> {
        let source = root().join("tests/controlplane");
        let mut child = Command::new(folder.join("controlplane"))
            .arg("up")
            .arg("--nodes")
            .arg(source.join("nodes.yaml"))
            .arg("--stages")
            .arg(source.join("stages.yaml"))
            .arg("--kwok")
            .arg(folder.join("kwok"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|error| format!("it cannot be started in {}: {error}", folder.display()))?;
        let stdin = child.stdin.take().expect("stdin is piped");
        let mut answers = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut line = String::new();
        answers.read_line(&mut line).map_err(|error| format!("it does not say when it is ready: {error}"))?;
        let started: serde_json::Value =
            serde_json::from_str(&line).map_err(|error| format!("{error} in what it says: '{line}'"))?;
        let text = |key: &str| started[key].as_str().map(str::to_owned).ok_or(format!("it says no {key}"));
        Ok(Self {
            kubeconfig: text("kubeconfig")?.into(),
            server: text("server")?,
            kubectl: folder.join("kubectl"),
            stdin,
            answers,
            _child: child,
        })
    }

    /// Ends a component (`kube-apiserver`) as a crash would. Whoever shares the control plane of all tests cannot: it
    /// takes one's own.
    pub fn kill(&mut self, component: &str) {
        self.order("kill", component);
    }

    /// Starts it again and waits until it answers.
    pub fn start_again(&mut self, component: &str) {
        self.order("start", component);
    }

    fn order(&mut self, verb: &str, component: &str) {
        writeln!(self.stdin, "{verb} {component}").expect("the control plane reads its input");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the control plane answers");
        assert_eq!(answer.trim(), "{}", "{verb} {component}");
    }

    /// kubectl, of the control plane's own version.
    pub fn kubectl_path(&self) -> &Path {
        &self.kubectl
    }

    /// A `PATH` on which this kubectl comes first.
    pub fn path(&self) -> String {
        let folder = self.kubectl.parent().expect("a folder").display();
        format!("{folder}:{}", std::env::var_os("PATH").unwrap_or_default().to_string_lossy())
    }

    /// Runs kubectl as admin and returns what it prints.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        let output = Command::new(&self.kubectl)
            .env("KUBECONFIG", &self.kubeconfig)
            .args(["--context", "admin"])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("kubectl can be started");
        let (stdout, stderr) = (output.stdout, output.stderr);
        assert!(output.status.success(), "kubectl {arguments:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8_lossy(&stdout).into_owned()
    }

    /// Creates objects as admin.
    pub fn create(&self, yaml: &str) {
        let mut child = Command::new(&self.kubectl)
            .env("KUBECONFIG", &self.kubeconfig)
            .args(["--context", "admin", "create", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("kubectl can be started");
        let mut stdin = child.stdin.take().expect("stdin is piped");
        stdin.write_all(yaml.as_bytes()).expect("kubectl reads its input");
        drop(stdin);
        assert!(child.wait().expect("kubectl ends").success(), "kubectl create failed for\n{yaml}");
    }

    /// A namespace of its own for one test.
    pub fn namespace(&self, name: &str) -> String {
        let name = format!("{name}-{}", std::process::id());
        self.kubectl(&["create", "namespace", &name]);
        name
    }
}

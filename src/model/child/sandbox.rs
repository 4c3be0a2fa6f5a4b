//! What the child may still do: a GGUF comes from strangers, and llama.cpp that reads it is not written to withstand them.
//!
//! On Linux an ordinary user can close a process of their own: Landlock for files (read the model, write the cache, and
//! no more), seccomp for the network and for other programs, `no_new_privs`, a limit on memory. What is enforced is
//! tried out after it was put in place, and told to the parent: an old kernel offers less, other systems nothing.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What may be used.
#[derive(Debug, Clone, Default)]
pub(super) struct Allowed {
    /// Files to be read: the parts of the model, the adapter.
    pub read: Vec<PathBuf>,
    /// Folders to be written to: the cache.
    pub write: Vec<PathBuf>,
}

/// What a child cannot do any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// Closed, in words: `files (Landlock)`.
    pub closed: Vec<String>,
    /// Open, in words, with the reason.
    pub open: Vec<String>,
}

impl std::fmt::Display for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |parts: &[String]| if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
        write!(f, "closed to the model's process: {}", list(&self.closed))?;
        if !self.open.is_empty() {
            write!(f, "; open: {}", list(&self.open))?;
        }
        Ok(())
    }
}

/// Closes this thread, and all that it starts from now on, to everything but `allowed`. Nothing is undone by what fails: it
/// is told as open.
pub(super) fn enter(allowed: &Allowed) -> Sandbox {
    imp::enter(allowed)
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use super::{Allowed, Sandbox};

    pub fn enter(_: &Allowed) -> Sandbox {
        let open = "files, network, other programs (there is no sandbox on this system)".to_owned();
        Sandbox { closed: Vec::new(), open: vec![open] }
    }
}

#[cfg(target_os = "linux")]
mod imp {
    use std::collections::BTreeMap;
    use std::fs::{File, remove_file};
    use std::io::ErrorKind;
    use std::net::TcpStream;
    use std::path::{Path, PathBuf};

    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
        RulesetStatus, Scope, path_beneath_rules,
    };
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch, apply_filter,
    };

    use super::{Allowed, Sandbox};
    use crate::model::llama::available;

    /// The newest Landlock that is asked for; an older kernel gives what it has.
    const NEWEST: ABI = ABI::V6;

    /// A build with a GPU needs the driver's files and devices, and sockets of this machine that drivers talk through.
    const HAS_GPU: bool = cfg!(any(feature = "cuda", feature = "vulkan", feature = "metal"));

    /// What the C library, OpenMP and llama.cpp look at to know the machine, and libraries that are loaded late.
    const SYSTEM: &[&str] = &[
        "/lib",
        "/lib64",
        "/usr/lib",
        "/usr/lib64",
        "/usr/local/lib",
        "/nix/store",
        "/gnu/store",
        "/etc/ld.so.cache",
        "/proc/self",
        "/proc/cpuinfo",
        "/proc/meminfo",
        "/proc/stat",
        "/proc/sys/vm",
        "/sys/devices/system",
        "/sys/fs/cgroup",
        "/dev/urandom",
        "/dev/random",
        "/dev/zero",
    ];

    /// What drivers of GPUs read beside it.
    const DRIVERS: &[&str] = &[
        "/proc",
        "/sys",
        "/usr/share",
        "/usr/local",
        "/etc/vulkan",
        "/etc/OpenCL",
        "/etc/nvidia",
        "/opt/rocm",
        "/run/opengl-driver",
        "/usr/lib/wsl",
    ];

    /// Devices of GPUs, by the beginning of their name in `/dev`.
    const DEVICES: &[&str] = &["nvidia", "dri", "kfd", "udmabuf", "dxg", "nvhost", "nvmap"];

    pub fn enter(allowed: &Allowed) -> Sandbox {
        let mut sandbox = Sandbox { closed: Vec::new(), open: Vec::new() };
        limits(&mut sandbox);
        let files = landlock(allowed);
        let calls = seccomp();
        // What was put in place is tried, so that nothing is claimed that does not hold.
        note(
            &mut sandbox,
            "files but the model and the cache (Landlock)",
            files.and_then(|()| files_are_closed()),
        );
        note(&mut sandbox, "network (seccomp)", calls.clone().and_then(|()| network_is_closed()));
        note(&mut sandbox, "other programs (seccomp)", calls);
        sandbox
    }

    fn note(sandbox: &mut Sandbox, what: &str, result: Result<(), String>) {
        match result {
            Ok(()) => sandbox.closed.push(what.to_owned()),
            Err(reason) => sandbox.open.push(format!("{what}: {reason}")),
        }
    }

    /// No core dumps, which would be files, and no more memory than there is: a damaged file may ask for any amount.
    fn limits(sandbox: &mut Sandbox) {
        use rustix::process::{Resource, Rlimit, setrlimit};

        let set = |resource, most: u64| {
            let limit = Rlimit { current: Some(most), maximum: Some(most) };
            setrlimit(resource, limit).map_err(|e| e.to_string())
        };
        note(sandbox, "core dumps", set(Resource::Core, 0));
        // Drivers reserve address space without end.
        if !HAS_GPU && let Some(most) = available() {
            note(sandbox, "memory beyond what is free", set(Resource::Data, most));
        }
    }

    fn landlock(allowed: &Allowed) -> Result<(), String> {
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        let keep = read | AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::RemoveFile | AccessFs::Truncate;
        let device = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev | AccessFs::ReadDir;
        let drivers: &[&str] = if HAS_GPU { DRIVERS } else { &[] };
        let restrict = || {
            Ruleset::default()
                .set_compatibility(CompatLevel::BestEffort)
                .handle_access(AccessFs::from_all(NEWEST))?
                .handle_access(AccessNet::from_all(NEWEST))?
                .scope(Scope::from_all(NEWEST))?
                .create()?
                .add_rules(path_beneath_rules(SYSTEM, read))?
                .add_rules(path_beneath_rules(drivers, read))?
                .add_rules(path_beneath_rules(&allowed.read, read))?
                .add_rules(path_beneath_rules(&allowed.write, keep))?
                .add_rules(path_beneath_rules(["/dev/null"], AccessFs::ReadFile | AccessFs::WriteFile))?
                .add_rules(path_beneath_rules(devices(), device))?
                .restrict_self()
        };
        match restrict() {
            Err(error) => Err(error.to_string()),
            Ok(status) if status.ruleset == RulesetStatus::NotEnforced => {
                Err("this kernel has no Landlock (Linux 5.13 or newer, and not switched off)".to_owned())
            }
            Ok(_) => Ok(()),
        }
    }

    /// Devices of GPUs, in a build that can use them.
    fn devices() -> Vec<PathBuf> {
        if !HAS_GPU {
            return Vec::new();
        }
        let is_gpu = |path: &PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            DEVICES.iter().any(|device| name.starts_with(device))
        };
        let entries = Path::new("/dev").read_dir().into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(is_gpu).collect()
    }

    fn architecture() -> Option<TargetArch> {
        if cfg!(target_arch = "x86_64") {
            Some(TargetArch::x86_64)
        } else if cfg!(target_arch = "aarch64") {
            Some(TargetArch::aarch64)
        } else if cfg!(target_arch = "riscv64") {
            Some(TargetArch::riscv64)
        } else {
            None
        }
    }

    /// No sockets, no other programs, no look into other processes. `socket` is all that is needed: none is inherited.
    fn seccomp() -> Result<(), String> {
        let architecture = architecture().ok_or("no filter for this processor")?;
        let failed = |error: seccompiler::BackendError| error.to_string();
        let of_machine = || {
            let unix = u64::try_from(libc::AF_UNIX).unwrap_or(1);
            let other =
                SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, unix).map_err(failed)?;
            Ok::<_, String>(vec![SeccompRule::new(vec![other]).map_err(failed)?])
        };
        let sockets = if HAS_GPU { of_machine()? } else { Vec::new() };
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
        rules.insert(libc::SYS_socket, sockets);
        for call in [
            // Opens and connects sockets past the filter.
            libc::SYS_io_uring_setup,
            libc::SYS_execve,
            libc::SYS_execveat,
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_pidfd_getfd,
        ] {
            rules.insert(call, Vec::new());
        }
        // The same calls by the numbers of x32.
        if cfg!(target_arch = "x86_64") {
            for (call, rule) in rules.clone() {
                rules.insert(call | 0x4000_0000, rule);
            }
        }
        let denied = SeccompAction::Errno(u32::try_from(libc::EACCES).unwrap_or(13));
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied, architecture).map_err(failed)?;
        let program: BpfProgram = filter.try_into().map_err(failed)?;
        apply_filter(&program).map_err(|error| error.to_string())
    }

    /// Tries to make a file where everybody may, and to read one that everybody can.
    fn files_are_closed() -> Result<(), String> {
        let new = PathBuf::from(format!("/tmp/.kubectl-copilot-{}", std::process::id()));
        if File::create_new(&new).is_ok() {
            let _ = remove_file(&new);
            return Err("a file could be made in /tmp".to_owned());
        }
        match File::open("/etc/passwd") {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
            _ => Err("other files could be read".to_owned()),
        }
    }

    /// Tries to connect to this machine; where nobody listens the answer tells both apart.
    fn network_is_closed() -> Result<(), String> {
        match TcpStream::connect(("127.0.0.1", 9)) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
            Err(error) => Err(format!("a connection was tried ({error})")),
            Ok(_) => Err("a connection was made".to_owned()),
        }
    }
}

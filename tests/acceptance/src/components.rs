//! The processes of the cluster and the flags that each is started with. All of
//! them listen on loopback or not at all.

use std::{path::Path, process::Command};

use crate::{installation::OLM_NAMESPACE, pki, tools::Tools};

/// What all of them need to know.
pub(crate) struct Components<'a> {
    pub tools: &'a Tools,
    /// The cluster's folder.
    pub folder: &'a Path,
    /// Folder of certificates and keys.
    pub pki: &'a Path,
    /// Administrator's kubeconfig.
    pub kubeconfig: &'a Path,
}

impl Components<'_> {
    fn command(&self, binary: &str) -> Command {
        Command::new(self.tools.binary(binary))
    }

    /// etcd; its data is thrown away, so it need not survive a power cut.
    pub fn etcd(&self, port: u16, peer: u16) -> Command {
        let client = format!("http://127.0.0.1:{port}");
        let peer = format!("http://127.0.0.1:{peer}");
        let mut command = self.command("etcd");
        command
            .arg("--data-dir")
            .arg(self.folder.join("etcd"))
            .args(["--name", "default", "--unsafe-no-fsync"])
            .args(["--listen-client-urls", &client])
            .args(["--advertise-client-urls", &client])
            .args(["--listen-peer-urls", &peer])
            .args(["--initial-advertise-peer-urls", &peer])
            .args(["--initial-cluster", &format!("default={peer}")])
            .args(["--log-level", "warn"]);
        command
    }

    /// The API server, with RBAC on, and priority and fairness.
    pub fn api_server(&self, etcd: u16, port: u16) -> Command {
        let mut command = self.command("kube-apiserver");
        for (flag, file) in [
            ("--tls-cert-file", pki::API_CERT),
            ("--tls-private-key-file", pki::API_KEY),
            ("--client-ca-file", pki::CA),
            ("--token-auth-file", pki::TOKENS),
            (
                "--service-account-key-file",
                pki::SERVICE_ACCOUNT_PUBLIC_KEY,
            ),
            (
                "--service-account-signing-key-file",
                pki::SERVICE_ACCOUNT_KEY,
            ),
        ] {
            command.arg(flag).arg(self.pki.join(file));
        }
        command
            .arg("--cert-dir")
            .arg(self.pki)
            .args(["--etcd-servers", &format!("http://127.0.0.1:{etcd}")])
            .args(["--secure-port", &port.to_string()])
            .args(["--bind-address", "127.0.0.1"])
            .args(["--advertise-address", "127.0.0.1"])
            .args(["--endpoint-reconciler-type", "none"])
            .args(["--authorization-mode", "RBAC"])
            .args(["--service-account-issuer", "https://kubernetes.default.svc"])
            .args(["--service-cluster-ip-range", "10.96.0.0/16"])
            .args(["--allow-privileged=true", "--event-ttl", "10m"])
            // A fifth of its work is collecting garbage; memory is the cheaper of the two here.
            .env("GOGC", "200");
        command
    }

    /// The controller manager: its garbage collector and namespace controller
    /// are what makes deletion end.
    pub fn controller_manager(&self) -> Command {
        let mut command = self.command("kube-controller-manager");
        command
            .arg("--kubeconfig")
            .arg(self.kubeconfig)
            // Port 0: it serves nothing that anyone here would ask for.
            .args(["--leader-elect=false", "--secure-port=0"])
            .arg("--service-account-private-key-file")
            .arg(self.pki.join(pki::SERVICE_ACCOUNT_KEY))
            .arg("--root-ca-file")
            .arg(self.pki.join(pki::CA))
            .args(["--kube-api-qps", "500", "--kube-api-burst", "1000"]);
        command
    }

    /// The scheduler.
    pub fn scheduler(&self) -> Command {
        let mut command = self.command("kube-scheduler");
        command
            .arg("--kubeconfig")
            .arg(self.kubeconfig)
            .args(["--leader-elect=false", "--secure-port=0"])
            .args(["--kube-api-qps", "200", "--kube-api-burst", "400"]);
        command
    }

    /// KWOK: the node, and pods that look as if they ran.
    pub fn kwok(&self, port: u16) -> Command {
        let mut command = self.command("kwok");
        command
            .arg("--kubeconfig")
            .arg(self.kubeconfig)
            // Its default place for a configuration is the user's home.
            .env("KWOK_WORKDIR", self.folder.join("kwok"))
            .args(["--manage-all-nodes", "--cidr", "10.244.0.1/24"])
            .args(["--node-ip", "127.0.0.1"])
            // Without a lease KWOK sends heartbeats too seldom: the node is taken
            // for dead after 50 s, and every Deployment on it for unavailable.
            .args(["--node-lease-duration-seconds", "40"])
            .args(["--server-address", &format!("127.0.0.1:{port}")]);
        command
    }

    /// The server of the operator catalog.
    pub fn catalog_server(&self, index: &Path, port: u16) -> Command {
        let mut command = self.command("catalog-server");
        command
            .arg("--catalog")
            .arg(self.folder.join("catalog"))
            .arg("--cache")
            .arg(index)
            .args(["--listen", &format!("127.0.0.1:{port}")]);
        command
    }

    /// OLM, both of its operators.
    pub fn olm(&self) -> Command {
        let mut command = self.command("olm");
        command
            .arg("--kubeconfig")
            .arg(self.kubeconfig)
            .args(["--namespace", OLM_NAMESPACE]);
        command
    }

    /// The simulator; it makes `ready` when its webhooks answer.
    pub fn simulator(&self, binary: &Path, ready: &Path) -> Command {
        let mut command = Command::new(binary);
        command
            .arg("--kubeconfig")
            .arg(self.kubeconfig)
            .arg("--webhook-cert-dir")
            .arg(self.pki.join(pki::WEBHOOKS))
            .arg("--ready-file")
            .arg(ready);
        command
    }
}

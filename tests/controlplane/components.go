package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// controlPlane is one instance: its folder, its ports and its processes.
type controlPlane struct {
	folder, kwok, stages string
	durable              bool
	ports                ports
	running              map[string]*exec.Cmd
	ca                   *x509.CertPool
}

// ports are free loopback ports, chosen at start.
type ports struct{ etcd, etcdPeer, api, kubelet int }

// component is one process of the control plane.
type component struct {
	name    string
	command func(p *controlPlane) []string
	// ready says whether it answers; nil: nothing to wait for.
	ready func(ctx context.Context, p *controlPlane) error
}

// components, in the order in which they need each other.
var components = []component{
	{name: "etcd", command: etcd},
	{name: "kube-apiserver", command: apiServer, ready: apiServerAnswers},
	{name: "kube-controller-manager", command: controllerManager},
	{name: "kube-scheduler", command: kubeScheduler},
	{name: "kwok", command: kwok},
}

func etcd(p *controlPlane) []string {
	client := fmt.Sprintf("http://127.0.0.1:%d", p.ports.etcd)
	peer := fmt.Sprintf("http://127.0.0.1:%d", p.ports.etcdPeer)
	command := []string{
		"etcd", "--data-dir", p.path("etcd"), "--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer,
		"--log-level", "error",
	}
	if !p.durable {
		command = append(command, "--unsafe-no-fsync")
	}
	return command
}

func apiServer(p *controlPlane) []string {
	return []string{
		"kube-apiserver",
		"--etcd-servers", fmt.Sprintf("http://127.0.0.1:%d", p.ports.etcd),
		"--bind-address", "127.0.0.1", "--secure-port", fmt.Sprint(p.ports.api), "--advertise-address", "127.0.0.1",
		"--cert-dir", p.path("certs"), "--tls-cert-file", p.path("server.crt"), "--tls-private-key-file", p.path("server.key"),
		"--service-account-key-file", p.path("service-account.key"),
		"--service-account-signing-key-file", p.path("service-account.key"),
		"--service-account-issuer", "https://kubernetes.default.svc",
		"--token-auth-file", p.path("tokens.csv"), "--authorization-mode", "Node,RBAC",
		"--service-cluster-ip-range", "10.96.0.0/16", "--allow-privileged",
		// Every API of this version; a simulated node's kubelet is reached by its address.
		"--runtime-config", "api/all=true", "--kubelet-preferred-address-types", "InternalIP",
		// The Service kubernetes/default would point at loopback, which Endpoints must not.
		"--endpoint-reconciler-type", "none",
	}
}

func controllerManager(p *controlPlane) []string {
	return []string{
		"kube-controller-manager", "--kubeconfig", p.kubeconfig(), "--service-account-private-key-file",
		p.path("service-account.key"), "--root-ca-file", p.path("ca.crt"), "--leader-elect=false", "--secure-port", "0",
		"--use-service-account-credentials", "--controllers", "*,-service-lb-controller,-node-route-controller,-cloud-node-lifecycle-controller",
	}
}

func kubeScheduler(p *controlPlane) []string {
	return []string{"kube-scheduler", "--kubeconfig", p.kubeconfig(), "--leader-elect=false", "--secure-port", "0"}
}

// kwok plays the kubelets of all nodes: pods become Running, Jobs Complete, logs and port-forward answer.
func kwok(p *controlPlane) []string {
	return []string{
		p.kwok, "--kubeconfig", p.kubeconfig(), "--config", p.stages, "--manage-all-nodes", "--cidr", "10.244.0.0/16",
		"--node-ip", "127.0.0.1", "--node-port", fmt.Sprint(p.ports.kubelet),
		"--server-address", fmt.Sprintf("127.0.0.1:%d", p.ports.kubelet),
		"--tls-cert-file", p.path("server.crt"), "--tls-private-key-file", p.path("server.key"),
		"--node-lease-duration-seconds", "40",
	}
}

// prepare chooses ports and writes keys, certificates, tokens and kubeconfig.
func (p *controlPlane) prepare() error {
	p.running = map[string]*exec.Cmd{}
	for _, port := range []*int{&p.ports.etcd, &p.ports.etcdPeer, &p.ports.api, &p.ports.kubelet} {
		free, err := freePort()
		if err != nil {
			return err
		}
		*port = free
	}
	ca, err := writeCertificates(p.folder)
	if err != nil {
		return err
	}
	p.ca = x509.NewCertPool()
	p.ca.AppendCertsFromPEM(ca)
	return writeUsers(p, ca)
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func (p *controlPlane) server() string { return fmt.Sprintf("https://127.0.0.1:%d", p.ports.api) }

func (p *controlPlane) kubeconfig() string { return p.path("kubeconfig") }

func (p *controlPlane) startAll(ctx context.Context) error {
	for _, component := range components {
		if err := p.start(ctx, component.name); err != nil {
			return err
		}
	}
	return nil
}

// start runs a component and waits until it answers.
func (p *controlPlane) start(ctx context.Context, name string) error {
	for _, component := range components {
		if component.name != name {
			continue
		}
		if p.running[name] != nil {
			return fmt.Errorf("%s runs already", name)
		}
		child, err := p.spawn(name, component.command(p))
		if err != nil {
			return fmt.Errorf("cannot start %s: %w", name, err)
		}
		p.running[name] = child
		if component.ready == nil {
			return nil
		}
		return wait(ctx, name, func() error { return component.ready(ctx, p) })
	}
	return fmt.Errorf("unknown component %q", name)
}

func (p *controlPlane) spawn(name string, command []string) (*exec.Cmd, error) {
	program := command[0]
	if !filepath.IsAbs(program) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		program, command = self, append([]string{"controlplane"}, command...)
	}
	log, err := os.OpenFile(p.path(name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	child := &exec.Cmd{Path: program, Args: command, Stdout: log, Stderr: log, Dir: p.folder}
	// Nothing of the caller's but the path: a proxy or a kubeconfig of theirs must not get in.
	child.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.folder, "TMPDIR=" + p.folder}
	dieWithParent(child)
	if err := child.Start(); err != nil {
		return nil, err
	}
	return child, nil
}

func (p *controlPlane) kill(name string) error {
	child := p.running[name]
	if child == nil {
		return fmt.Errorf("%s does not run", name)
	}
	delete(p.running, name)
	if err := child.Process.Kill(); err != nil {
		return err
	}
	_ = child.Wait()
	return nil
}

// end kills everything; the folder is thrown away, so nothing needs to end in order.
func (p *controlPlane) end() {
	for name := range p.running {
		_ = p.kill(name)
	}
}

// lastLines shows the end of each log, for an error.
func (p *controlPlane) lastLines() string {
	var text strings.Builder
	for _, component := range components {
		log, err := os.ReadFile(p.path(component.name + ".log"))
		if err != nil {
			continue
		}
		lines := strings.Split(strings.TrimSpace(string(log)), "\n")
		if len(lines) > 5 {
			lines = lines[len(lines)-5:]
		}
		fmt.Fprintf(&text, "--- %s\n%s\n", component.name, strings.Join(lines, "\n"))
	}
	return text.String()
}

func apiServerAnswers(ctx context.Context, p *controlPlane) error {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.ca}, DisableKeepAlives: true}
	client := &http.Client{Transport: transport, Timeout: 2 * time.Second}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.server()+"/readyz", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+adminToken)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("/readyz: %s", response.Status)
	}
	return nil
}

// wait asks again and again until there is no error.
func wait(ctx context.Context, what string, ready func() error) error {
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", what, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

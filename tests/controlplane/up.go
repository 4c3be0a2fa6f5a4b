package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// startLimit is how long the whole control plane may take to become ready: about 3 s on two idle cores.
const startLimit = 120 * time.Second

// started is the line that `up` prints once everything answers.
type started struct {
	// Kubeconfig has a context for each user; see users.go.
	Kubeconfig string `json:"kubeconfig"`
	// Server is the URL of the API server.
	Server string `json:"server"`
	// Folder holds everything of this instance, logs included.
	Folder string `json:"folder"`
}

// up starts a control plane in a folder of its own, on random loopback ports, prints one JSON line when it is ready
// and lives until its standard input closes, so that it ends with whoever started it. Lines on standard input:
//
//	kill COMPONENT     SIGKILL, as a crash would
//	start COMPONENT    the same command line again, on the same port; answers when it is ready
//
// each answered by one JSON line, {} or {"error": "…"}.
func up(arguments []string) (err error) {
	flags := flag.NewFlagSet("up", flag.ExitOnError)
	nodesFile := flags.String("nodes", "", "file that describes the simulated nodes and volumes (required)")
	stagesFile := flags.String("stages", "", "KWOK stages: what becomes of pods (required)")
	kwok := flags.String("kwok", "", "the kwok binary (required)")
	durable := flags.Bool("durable", false, "etcd syncs to disk: for tests that kill it")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *nodesFile == "" || *stagesFile == "" || *kwok == "" {
		return errors.New("up needs --nodes, --stages and --kwok")
	}
	// Children run in the folder of the instance, where a relative path would lead elsewhere.
	for _, path := range []*string{nodesFile, stagesFile, kwok} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = absolute
	}
	description, err := readDescription(*nodesFile)
	if err != nil {
		return err
	}
	// Children are bound to the life of the thread that starts them (see child_linux.go).
	runtime.LockOSThread()
	folder, err := os.MkdirTemp("", "controlplane.")
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	plane := &controlPlane{folder: folder, kwok: *kwok, stages: *stagesFile, durable: *durable}
	defer func() {
		plane.end()
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, plane.lastLines())
		}
		_ = os.RemoveAll(folder)
	}()
	if err := plane.prepare(); err != nil {
		return err
	}
	limit, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := plane.startAll(limit); err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", plane.kubeconfig())
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 200, 400
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	if err := populate(limit, client, description); err != nil {
		return err
	}
	if err := answer(started{Kubeconfig: plane.kubeconfig(), Server: plane.server(), Folder: folder}); err != nil {
		return err
	}
	return obey(ctx, plane)
}

// obey answers commands until standard input closes or a signal comes.
func obey(ctx context.Context, plane *controlPlane) error {
	lines := make(chan string)
	go func() {
		scanner := bufio.NewScanner(os.Stdin)
		for scanner.Scan() {
			lines <- scanner.Text()
		}
		close(lines)
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case line, open := <-lines:
			if !open {
				return nil
			}
			var reply struct {
				Error string `json:"error,omitempty"`
			}
			if err := command(ctx, plane, strings.Fields(line)); err != nil {
				reply.Error = err.Error()
			}
			if err := answer(reply); err != nil {
				return nil
			}
		}
	}
}

func command(ctx context.Context, plane *controlPlane, words []string) error {
	if len(words) != 2 {
		return fmt.Errorf("a command is `kill COMPONENT` or `start COMPONENT`, not %q", strings.Join(words, " "))
	}
	switch words[0] {
	case "kill":
		return plane.kill(words[1])
	case "start":
		limit, cancel := context.WithTimeout(ctx, startLimit)
		defer cancel()
		return plane.start(limit, words[1])
	default:
		return fmt.Errorf("unknown command %q", words[0])
	}
}

func answer(value any) error {
	line, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = fmt.Println(string(line))
	return err
}

func (p *controlPlane) path(name string) string {
	return filepath.Join(p.folder, name)
}

//go:build !linux

package main

import "os/exec"

// dieWithParent does nothing here: `up` kills its children when its standard input closes; only a SIGKILL of `up`
// itself leaves them behind.
func dieWithParent(*exec.Cmd) {}

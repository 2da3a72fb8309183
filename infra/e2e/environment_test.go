//go:build emulator

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"personalize-role/infra/bundle"
	"personalize-role/infra/emulator"
)

// runtimeAccount is the account in the function's ARN that aws-lambda-rie gives.
const runtimeAccount = "012345678912"

// environment is one execution environment of Lambda: AWS's own runtime interface emulator and the real binary below it. It
// runs one event at a time.
type environment struct {
	command *exec.Cmd
	url     string
	// logFile takes what the processes print. It is no pipe, which a process that outlives the others would hold open.
	logFile string
	once    sync.Once
}

// startEnvironment starts a binary with IAM and CloudFormation at the simulator.
func startEnvironment(t *testing.T, binary, simulator string) *environment {
	t.Helper()
	root, err := bundle.Root()
	check(t, err)
	invoke, runtime := freeAddresses(t)
	e := &environment{url: "http://" + invoke + "/2015-03-31/functions/function/invocations", logFile: filepath.Join(t.TempDir(), "log")}
	e.command = exec.Command(filepath.Join(root, ".tools", "bin", "aws-lambda-rie"),
		"--runtime-interface-emulator-address", invoke, "--runtime-api-address", runtime, "--log-level", "error", binary)
	e.command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_REGION=" + emulator.Region, "AWS_LAMBDA_FUNCTION_TIMEOUT=120",
		"AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_ACCESS_KEY_ID=" + runtimeAccount, "AWS_SECRET_ACCESS_KEY=test",
		"AWS_ENDPOINT_URL=" + os.Getenv(emulator.EndpointVariable), "AWS_ENDPOINT_URL_IAM=" + simulator,
		"AWS_ENDPOINT_URL_CLOUDFORMATION=" + simulator + "/cloudformation",
	}
	output, err := os.Create(e.logFile)
	check(t, err)
	defer output.Close()
	e.command.Stdout, e.command.Stderr = output, output
	check(t, e.command.Start())
	t.Cleanup(e.kill)
	for range 200 {
		connection, err := net.Dial("tcp", invoke)
		if err == nil {
			check(t, connection.Close())
			return e
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("aws-lambda-rie doesn't listen")
	return nil
}

// kill ends the environment as a crash does: at once, whatever is under way. The function is a child in a process group of its
// own, and aws-lambda-rie starts another when it ends: frozen, it can't.
func (e *environment) kill() {
	e.once.Do(func() {
		freeze(e.command.Process.Pid)
		for _, child := range children(e.command.Process.Pid) {
			_ = syscall.Kill(child, syscall.SIGKILL)
		}
		_ = e.command.Process.Kill()
		_ = e.command.Wait()
	})
}

// freeze stops a process, and comes back once it stands.
func freeze(pid int) {
	_ = syscall.Kill(pid, syscall.SIGSTOP)
	for range 500 {
		if state := fieldsAfterName(pid); len(state) == 0 || state[0] == "T" || state[0] == "Z" {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// fieldsAfterName returns what /proc says of a process after its name: the state, the parent and so on.
func fieldsAfterName(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	// The name stands in parentheses, and may have some itself.
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
}

// children returns the process ids below one.
func children(parent int) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if fields := fieldsAfterName(pid); len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// log returns what the function has logged.
func (e *environment) log(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(e.logFile)
	check(t, err)
	return string(text)
}

// invoke hands an event over. The error is the function's, or that of an environment that died.
func (e *environment) invoke(event []byte) error {
	answer, err := http.Post(e.url, "application/json", bytes.NewReader(event))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if text := string(body); text != "null" && text != "" {
		return fmt.Errorf("function error: %s", text)
	}
	return nil
}

// freeAddresses returns two free addresses of loopback.
func freeAddresses(t *testing.T) (string, string) {
	t.Helper()
	var addresses []string
	for range 2 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		check(t, err)
		defer listener.Close()
		addresses = append(addresses, listener.Addr().String())
	}
	return addresses[0], addresses[1]
}

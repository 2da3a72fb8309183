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

	"personalize-role/infra/local"
)

// runtimeAccount is the account in the function's ARN that aws-lambda-rie gives.
const runtimeAccount = "012345678912"

// environment is one execution environment of Lambda: AWS's own runtime interface emulator and the real binary below it. It
// runs one event at a time.
type environment struct {
	command *exec.Cmd
	url     string
	log     *log
}

// log keeps what a process prints.
type log struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

// startEnvironment starts a binary with IAM and CloudFormation at the simulator.
func startEnvironment(t *testing.T, binary, simulator string) *environment {
	t.Helper()
	root, err := local.Root()
	check(t, err)
	invoke, runtime := freeAddresses(t)
	e := &environment{url: "http://" + invoke + "/2015-03-31/functions/function/invocations", log: &log{}}
	e.command = exec.Command(filepath.Join(root, ".tools", "bin", "aws-lambda-rie"),
		"--runtime-interface-emulator-address", invoke, "--runtime-api-address", runtime, "--log-level", "error", binary)
	e.command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_REGION=" + local.Region, "AWS_LAMBDA_FUNCTION_TIMEOUT=120", "AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_ACCESS_KEY_ID=" + runtimeAccount, "AWS_SECRET_ACCESS_KEY=test",
		"AWS_ENDPOINT_URL_IAM=" + simulator, "AWS_ENDPOINT_URL_CLOUDFORMATION=" + simulator + "/cloudformation",
	}
	e.command.Stdout, e.command.Stderr = e.log, e.log
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

// kill ends the environment as a crash does: at once, whatever is under way. The function goes first, a child in a process
// group of its own.
func (e *environment) kill() {
	for _, child := range children(e.command.Process.Pid) {
		_ = syscall.Kill(child, syscall.SIGKILL)
	}
	_ = e.command.Process.Kill()
	_ = e.command.Wait()
}

// children gives the process ids below one.
func children(parent int) []int {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	var pids []int
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		// After the name, which stands in parentheses: the state, then the parent.
		fields := strings.Fields(string(text[strings.LastIndex(string(text), ")")+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
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

// freeAddresses gives two addresses of loopback that nobody uses.
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

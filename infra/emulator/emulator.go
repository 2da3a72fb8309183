package emulator

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"personalize-role/infra/bundle"
	"personalize-role/infra/deployer"
	"personalize-role/lambda/inmemory"
)

// corrections starts the emulator with the places corrected where it differs from AWS.
//
//go:embed corrections/*.py
var corrections embed.FS

// EndpointVariable names the environment variable by which the tests find the running emulator.
const EndpointVariable = "EMULATOR_ENDPOINTS"

// AccountID and Region are those of the emulator's default account.
const (
	AccountID = "123456789012"
	Region    = "eu-west-1"
)

// Emulator is a running emulator, with IAM enforced.
type Emulator struct {
	// Endpoint is its URL, on loopback.
	Endpoint string

	command *exec.Cmd
	exited  chan struct{}
	dir     string
}

// program is what Python runs: a file or a folder, with arguments.
type program []string

var (
	corrected   = program{"corrections"}
	uncorrected = program{"-m", "ministack.app"}
)

// Start installs the emulator if needed, and starts an empty one on a free port.
func Start(ctx context.Context, progress io.Writer) (*Emulator, error) {
	return start(ctx, corrected, progress)
}

func start(ctx context.Context, run program, progress io.Writer) (*Emulator, error) {
	root, err := bundle.Root()
	if err != nil {
		return nil, err
	}
	python, err := Install(ctx, root, progress)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "emulator")
	if err != nil {
		return nil, err
	}
	e := &Emulator{Endpoint: "http://127.0.0.1:" + port, dir: dir, exited: make(chan struct{})}
	if err := e.launch(python, run, port); err != nil {
		return nil, err
	}
	if err := e.awaitReady(ctx); err != nil {
		e.Stop()
		return nil, err
	}
	return e, nil
}

func (e *Emulator) launch(python string, run program, port string) error {
	if err := os.CopyFS(e.dir, corrections); err != nil {
		return err
	}
	handlers, err := json.Marshal(deployer.Handlers)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(e.dir, "corrections", "handlers.json"), handlers, 0o644); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(e.dir, "emulator.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	e.command = exec.Command(python, run...)
	e.command.Dir = e.dir
	e.command.Stdout, e.command.Stderr = log, log
	// Functions run as processes below the emulator: one group, ended together.
	e.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	e.command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + e.dir, "TMPDIR=" + e.dir, "PYTHONDONTWRITEBYTECODE=1",
		"BIND_HOST=127.0.0.1", "MINISTACK_HOST=127.0.0.1", "GATEWAY_PORT=" + port,
		// Functions inherit it; without it they would call the real AWS.
		"AWS_ENDPOINT_URL=" + e.Endpoint,
		"MINISTACK_ACCOUNT_ID=" + AccountID, "MINISTACK_REGION=" + Region, "AWS_DEFAULT_REGION=" + Region,
		"AUTH=true", "IOT_MTLS_ENABLED=0",
	}
	if err := e.command.Start(); err != nil {
		return fmt.Errorf("start the emulator: %w", err)
	}
	go func() {
		_ = e.command.Wait()
		close(e.exited)
	}()
	return nil
}

func (e *Emulator) awaitReady(ctx context.Context) error {
	client := http.Client{Timeout: time.Second}
	deadline := time.Now().Add(60 * time.Second)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		answer, err := client.Get(e.Endpoint + "/_ministack/ready")
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-e.exited:
			return fmt.Errorf("start the emulator: it ended at once:\n%s", e.Log())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("start the emulator: not ready after 60 s:\n%s", e.Log())
}

// Log returns what the emulator printed.
func (e *Emulator) Log() string {
	log, _ := os.ReadFile(filepath.Join(e.dir, "emulator.log"))
	return string(log)
}

// PID is the process id of the emulator, which leads a process group.
func (e *Emulator) PID() int { return e.command.Process.Pid }

// Exited is closed once the emulator has ended.
func (e *Emulator) Exited() <-chan struct{} { return e.exited }

// Stop ends the emulator and the functions in it, and removes what they wrote.
func (e *Emulator) Stop() {
	_ = syscall.Kill(-e.PID(), syscall.SIGKILL)
	<-e.exited
	_ = os.RemoveAll(e.dir)
}

// Config returns a configuration of the AWS SDK for the root user of the emulator's account.
func (e *Emulator) Config() aws.Config { return e.ConfigFor("test", "test", "") }

// ConfigFor returns a configuration of the AWS SDK for credentials.
func (e *Emulator) ConfigFor(id, secret, session string) aws.Config {
	return ConfigAt(e.Endpoint, Region, aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: session})
}

// client loses no answer of an emulator, which is often faster than a request has ended.
var client = inmemory.NewClient()

// ConfigAt returns a configuration of the AWS SDK for an endpoint. An access key id of 12 digits is the root user of that account.
func ConfigAt(endpoint, region string, c aws.Credentials) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(endpoint), HTTPClient: client,
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken),
	}
}

// freePort asks the system for a free port of loopback.
func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}

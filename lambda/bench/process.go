package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// function is a way to provision the role that a user can pick.
type function struct {
	// name and versions are for the report.
	name, versions string
	command        []string
	environment    []string
}

// limits bound a process; zero memory is no bound.
type limits struct{ megabytes int }

// process is a function that runs.
type process struct {
	*cloud
	api     *runtimeAPI
	command *exec.Cmd
	started time.Time
	output  bytes.Buffer
}

// patience bounds every wait for a function.
const patience = 2 * time.Minute

// start runs a function until it asks for its first event, and returns how long that took.
func start(f function, c *cloud, l limits) (p *process, ready time.Duration, err error) {
	p = &process{cloud: c}
	if p.api, err = newRuntimeAPI(); err != nil {
		return nil, 0, err
	}
	command := f.command
	if l.megabytes > 0 {
		if command, err = confined(command, l.megabytes); err != nil {
			return nil, 0, err
		}
	}
	p.command = exec.Command(command[0], command[1:]...)
	p.command.Env = append([]string{
		"PATH=/usr/bin:/bin", "HOME=/nonexistent", "LANG=C.UTF-8",
		"AWS_LAMBDA_RUNTIME_API=" + p.api.address, "AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_SESSION_TOKEN=test",
		"AWS_LAMBDA_FUNCTION_NAME=provider", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(cmp.Or(l.megabytes, megabytesPerCore)), "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/provider", "AWS_LAMBDA_LOG_STREAM_NAME=stream",
	}, append(c.environment, f.environment...)...)
	p.command.Stdout, p.command.Stderr = &p.output, &p.output
	p.started = time.Now()
	if err := p.command.Start(); err != nil {
		p.api.close()
		return nil, 0, err
	}
	select {
	case at := <-p.api.ready:
		return p, at.Sub(p.started), nil
	case outcome := <-p.api.finished:
		err = fmt.Errorf("%s: init failed: %s", f.name, outcome)
	case <-time.After(patience):
		err = fmt.Errorf("%s: never asked for an event", f.name)
	}
	p.kill()
	return nil, 0, fmt.Errorf("%w\n%s", err, p.output.String())
}

// invoke hands an event over, and returns the answer to CloudFormation, once the function has ended too.
func (p *process) invoke(event string) (got answer, err error) {
	deadline := time.After(patience)
	select {
	case p.api.events <- event:
	case <-deadline:
		return got, fmt.Errorf("the function never asked for the event\n%s", p.output.String())
	}
	select {
	case got = <-p.answers:
	case outcome := <-p.api.finished:
		return got, fmt.Errorf("no answer: %s\n%s", outcome, p.output.String())
	case <-deadline:
		return got, fmt.Errorf("no answer in time\n%s", p.output.String())
	}
	if !strings.Contains(got.body, "SUCCESS") {
		return got, fmt.Errorf("answered %s", got.body)
	}
	select {
	case outcome := <-p.api.finished:
		if outcome != "" {
			return got, fmt.Errorf("answered, and failed: %s", outcome)
		}
	case <-deadline:
		return got, fmt.Errorf("never ended")
	}
	return got, nil
}

// peak returns the largest resident set so far, in bytes.
func (p *process) peak() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0, fmt.Errorf("process %d has no VmHWM", p.command.Process.Pid)
	}
	kilobytes, err := strconv.ParseInt(fields[0], 10, 64)
	return kilobytes << 10, err
}

// cpu returns the time on a core so far, of all threads that still run.
func (p *process) cpu() (sum time.Duration, err error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.command.Process.Pid))
	for _, file := range files {
		text, readErr := os.ReadFile(file)
		if readErr != nil {
			continue
		}
		nanoseconds, _, _ := strings.Cut(string(text), " ")
		n, parseErr := strconv.ParseInt(nanoseconds, 10, 64)
		if parseErr != nil {
			return 0, parseErr
		}
		sum += time.Duration(n)
	}
	return sum, err
}

func (p *process) kill() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
	p.api.close()
}

// Lambda gives a function the share of a core that its memory is of 1,769 MB, in periods of 20 ms. See
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
const (
	megabytesPerCore = 1769
	period           = 20 * time.Millisecond
)

// groups is where control groups of version 1 are made, and where version 2 is mounted.
const groupsV1, groupsV2 = "/sys/fs/cgroup/cpu", "/sys/fs/cgroup"

// confined returns a command that runs another one with the CPU that Lambda gives at a size.
func confined(command []string, megabytes int) ([]string, error) {
	quota := int64(megabytes) * period.Microseconds() / megabytesPerCore
	name := fmt.Sprintf("personalize-role-bench-%d", megabytes)
	dir, files := filepath.Join(groupsV1, name), map[string]string{
		"cpu.cfs_period_us": fmt.Sprint(period.Microseconds()), "cpu.cfs_quota_us": fmt.Sprint(quota),
	}
	if _, err := os.Stat(filepath.Join(groupsV2, "cgroup.controllers")); err == nil {
		dir, files = filepath.Join(groupsV2, name), map[string]string{"cpu.max": fmt.Sprintf("%d %d", quota, period.Microseconds())}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a control group: %w. Run the benchmark as root, or with -unconfined", err)
	}
	for file, value := range files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(value), 0o600); err != nil {
			return nil, fmt.Errorf("bound the CPU: %w. Run the benchmark as root, or with -unconfined", err)
		}
	}
	join := "echo $$ > " + filepath.Join(dir, "cgroup.procs") + " && exec \"$@\""
	return append([]string{"/bin/sh", "-c", join, "sh"}, command...), nil
}

// unconfine removes the control groups.
func unconfine(sizes []int) {
	for _, megabytes := range sizes {
		for _, root := range []string{groupsV1, groupsV2} {
			_ = os.Remove(filepath.Join(root, fmt.Sprintf("personalize-role-bench-%d", megabytes)))
		}
	}
}

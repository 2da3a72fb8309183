package emulator

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// requirements pins the emulator and everything that it needs.
//
//go:embed requirements.txt
var requirements []byte

const version = "ministack-1.5.33"

// Install puts the emulator into the project's folder .tools, unless it is there as pinned, and returns its Python. Of several
// processes one installs, and the others wait for it.
func Install(ctx context.Context, root string, progress io.Writer) (python string, err error) {
	dir := filepath.Join(root, ".tools", version)
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	python, done := filepath.Join(dir, "bin", "python"), filepath.Join(dir, "complete")
	if installed, err := os.ReadFile(done); err == nil && bytes.Equal(installed, requirements) {
		return python, nil
	}
	fmt.Fprintf(progress, "installing the emulator (%s) into .tools\n", version)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	pinned := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(pinned, requirements, 0o644); err != nil {
		return "", err
	}
	for _, command := range [][]string{
		{"python3", "-m", "venv", dir},
		{python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", pinned},
	} {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("install the emulator: %v: %w\n%s(needs Python 3.10 or later with venv, and access to PyPI)", command, err, out)
		}
	}
	return python, os.WriteFile(done, requirements, 0o644)
}

// lock waits for a lock that ends with the process, if not before.
func lock(path string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		file.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { file.Close() }, nil
}

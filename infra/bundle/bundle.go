package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/mod/modfile"
)

// Bootstrap is the name that the runtime provided.al2023 starts.
const Bootstrap = "bootstrap"

// Tags are those of the function's build: without the start-up code of a runtime that is gone, and without HTTP/2, which none of
// the services that it calls speaks.
const Tags = "lambda.norpc,nethttpomithttp2"

// Build compiles the function of the module in dir for Linux on a Go architecture (arm64, amd64) into a file.
func Build(ctx context.Context, dir, arch, file string) error {
	return compile(ctx, dir, "linux", arch, file, "./lambda", "-tags", Tags)
}

// BuildPlan compiles roleplan for an operating system and an architecture, as Go names them, into a file.
func BuildPlan(ctx context.Context, dir, system, arch, file string) error {
	return compile(ctx, dir, system, arch, file, "./lambda/cmd/roleplan")
}

// compile builds the same bytes wherever it is called.
func compile(ctx context.Context, dir, system, arch, file, command string, flags ...string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	toolchain, err := Toolchain(dir)
	if err != nil {
		return err
	}
	arguments := append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=", "-o", file}, flags...)
	build := exec.CommandContext(ctx, "go", append(arguments, command)...)
	build.Dir = dir
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch, "GOAMD64=v1", "GOARM64=v8.0",
		// Neither a workspace around the module nor the user's flags change the binary.
		"GOWORK=off", "GOFLAGS=-mod=readonly", "GOTOOLCHAIN="+toolchain)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s for %s on %s: %w\n%s", command, system, arch, err, out)
	}
	return nil
}

// Toolchain returns the version of Go that the module in dir is built with, such as go1.26.11: another one produces other bytes.
func Toolchain(dir string) (string, error) {
	name := filepath.Join(dir, "go.mod")
	text, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	module, err := modfile.Parse(name, text, nil)
	if err != nil {
		return "", err
	}
	if module.Toolchain == nil {
		return "", fmt.Errorf("%s has no toolchain line, which names the Go that the function is built with. Add one", name)
	}
	return module.Toolchain.Name, nil
}

// file is a file of a zip.
type file struct {
	name string
	body []byte
}

// pack returns a zip that has no trace of when and where it was made.
func pack(files []file) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		header.SetMode(0o644)
		if f.name == Bootstrap {
			header.SetMode(0o755)
		}
		w, err := z.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.body); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Make builds the function and returns its zip: the binary, the licences and notices of what is linked into it, and a list of that
// (SBOM, CycloneDX).
func Make(ctx context.Context, dir, arch string) ([]byte, error) {
	work, err := os.MkdirTemp("", "bundle")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	built := filepath.Join(work, Bootstrap)
	if err := Build(ctx, dir, arch, built); err != nil {
		return nil, err
	}
	binary, err := os.ReadFile(built)
	if err != nil {
		return nil, err
	}
	beside, err := papers(ctx, dir, built)
	if err != nil {
		return nil, err
	}
	return pack(append([]file{{Bootstrap, binary}}, beside...))
}

// made has the zips that this process has built, by folder and Go architecture.
var made struct {
	sync.Mutex
	zips map[[2]string][]byte
}

// MakeOnce is Make for programs with many stacks: it builds once in a process.
func MakeOnce(ctx context.Context, dir, arch string) ([]byte, error) {
	made.Lock()
	defer made.Unlock()
	key := [2]string{dir, arch}
	if zip, ok := made.zips[key]; ok {
		return zip, nil
	}
	zip, err := Make(ctx, dir, arch)
	if err != nil {
		return nil, err
	}
	if made.zips == nil {
		made.zips = map[[2]string][]byte{}
	}
	made.zips[key] = zip
	return zip, nil
}

package main

import (
	"archive/zip"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Where the peers' sources are.
const peerSources = "lambda/bench/peers"

// findFunctions builds what is Go, and finds what make bench has installed.
func (b *bench) findFunctions() error {
	bootstrap, err := b.unpack()
	if err != nil {
		return err
	}
	b.ours = function{name: "personalize-role", command: []string{bootstrap}}
	roots, amazon, err := writeRoots(b.work, b.authority)
	if err != nil {
		return err
	}
	noRoots := filepath.Join(b.work, "none")
	if err := os.Mkdir(noRoots, 0o755); err != nil {
		return err
	}
	// A function's machine keeps its certificates in one file; this one may have a folder of them too.
	goTrust := []string{"SSL_CERT_FILE=" + roots, "SSL_CERT_DIR=" + noRoots}
	// What the function trusts first, with the benchmark's root in it.
	b.ours.environment = []string{"AWS_CA_BUNDLE=" + amazon}
	for name, f := range map[string]*function{"nothing": &b.nothing, "serial": &b.serial} {
		file := filepath.Join(b.work, name)
		build := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", file,
			"./"+peerSources+"/"+name)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
		*f = function{command: []string{file}, environment: goTrust}
	}
	b.nothing.name, b.serial.name = "Go that does nothing", "Go, cfn.LambdaWrap"
	if err := b.findNode(roots); err != nil {
		return err
	}
	if err := b.findPython(roots); err != nil {
		return err
	}
	for _, f := range []*function{&b.ours, &b.nothing, &b.serial} {
		if f.versions, err = goVersions(f.command[0]); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) findNode(roots string) error {
	dir, err := filepath.Abs(filepath.Join(b.peers, "node"))
	if err != nil {
		return err
	}
	node := filepath.Join(dir, "node_modules/node/bin/node")
	b.node = function{
		name:    "Node, AWS SDK v3",
		command: []string{node, filepath.Join(dir, "node_modules/aws-lambda-ric/index.mjs"), "index.handler"},
		environment: []string{
			"NODE_EXTRA_CA_CERTS=" + roots, "LAMBDA_TASK_ROOT=" + filepath.Join(dir, "dist"), "_HANDLER=index.handler",
			"AWS_EXECUTION_ENV=AWS_Lambda_nodejs24.x",
		},
	}
	text, err := os.ReadFile(filepath.Join(peerSources, "node/package.json"))
	if err != nil {
		return err
	}
	var manifest struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return err
	}
	b.node.versions = versions(manifest.Dependencies, "node", "@aws-sdk/client-iam", "aws-lambda-ric", "esbuild")
	_, err = os.Stat(node)
	return err
}

func (b *bench) findPython(roots string) error {
	dir, err := filepath.Abs(filepath.Join(b.peers, "python"))
	if err != nil {
		return err
	}
	sources, err := filepath.Abs(filepath.Join(peerSources, "python"))
	if err != nil {
		return err
	}
	python := filepath.Join(dir, "bin/python")
	b.python = function{
		name:    "Python, crhelper",
		command: []string{python, "-m", "awslambdaric", "handler.handler"},
		environment: []string{
			"SSL_CERT_FILE=" + roots, "AWS_CA_BUNDLE=" + roots, "LAMBDA_TASK_ROOT=" + sources, "PYTHONPATH=" + sources,
			"_HANDLER=handler.handler", "PYTHONDONTWRITEBYTECODE=1",
		},
	}
	text, err := os.ReadFile(filepath.Join(sources, "requirements.txt"))
	if err != nil {
		return err
	}
	pinned := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, version, ok := strings.Cut(strings.TrimSpace(line), "=="); ok {
			pinned[name] = version
		}
	}
	out, err := exec.Command(python, "-c", "import platform; print(platform.python_version())").Output()
	if err != nil {
		return fmt.Errorf("find the Python peer, which make bench installs: %w", err)
	}
	pinned["Python"] = strings.TrimSpace(string(out))
	b.python.versions = versions(pinned, "Python", "crhelper", "boto3", "awslambdaric")
	return nil
}

func versions(of map[string]string, names ...string) string {
	var list []string
	for _, name := range names {
		list = append(list, name+" "+of[name])
	}
	return strings.Join(list, ", ")
}

func goVersions(file string) (string, error) {
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return "", err
	}
	of := map[string]string{"Go": strings.TrimPrefix(info.GoVersion, "go")}
	names := []string{"Go"}
	for _, d := range info.Deps {
		switch d.Path {
		case "github.com/aws/aws-lambda-go", "github.com/aws/aws-sdk-go-v2":
			name := filepath.Base(d.Path)
			of[name], names = strings.TrimPrefix(d.Version, "v"), append(names, name)
		}
	}
	return versions(of, names...), nil
}

// unpack returns the file with the function, as it is in the zip that is deployed, and measures the zips.
func (b *bench) unpack() (string, error) {
	b.zips = map[string]int64{}
	for _, arch := range []string{"amd64", "arm64"} {
		info, err := os.Stat(b.zip(arch))
		if err != nil {
			return "", err
		}
		b.zips[arch] = info.Size()
	}
	archive, err := zip.OpenReader(b.zip(runtime.GOARCH))
	if err != nil {
		return "", err
	}
	defer archive.Close()
	packed, err := archive.Open("bootstrap")
	if err != nil {
		return "", err
	}
	defer packed.Close()
	name := filepath.Join(b.work, "bootstrap")
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(file, packed); err != nil {
		return "", err
	}
	return name, file.Close()
}

func (b *bench) zip(arch string) string { return filepath.Join(b.dist, arch, "function.zip") }

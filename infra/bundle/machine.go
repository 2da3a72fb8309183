package bundle

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"runtime"
)

// architectures are Lambda's names of processors, by those of Go.
var architectures = map[string]string{"arm64": "arm64", "amd64": "x86_64"}

// Architecture returns Lambda's name of a Go architecture.
func Architecture(arch string) string { return architectures[arch] }

// ParseArch returns the Go architecture that a name means, which may be Go's or Lambda's. The empty name means arm64, or the processor of
// this machine if AWS_ENDPOINT_URL is set: an emulator runs the function here.
func ParseArch(name string) (string, error) {
	switch name {
	case "":
		if os.Getenv("AWS_ENDPOINT_URL") != "" {
			return runtime.GOARCH, nil
		}
		return "arm64", nil
	case "arm64", "aarch64":
		return "arm64", nil
	case "amd64", "x86_64":
		return "amd64", nil
	}
	return "", fmt.Errorf("%q is no architecture of Lambda. Choose arm64 or x86_64", name)
}

// CheckMachine refuses a zip whose function was built for another architecture than the one that Lambda is told of, which is Lambda's name:
// the function would not start, and CloudFormation would wait for its answer.
func CheckMachine(zipped []byte, architecture string) error {
	archive, err := zip.NewReader(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil {
		return fmt.Errorf("read the function's zip: %w", err)
	}
	file, err := archive.Open(Bootstrap)
	if err != nil {
		return fmt.Errorf("read the function's zip: %w", err)
	}
	defer file.Close()
	binary, err := io.ReadAll(file)
	if err != nil {
		return fmt.Errorf("read the function's zip: %w", err)
	}
	program, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		return fmt.Errorf("%s in the function's zip is no program for Linux: %w", Bootstrap, err)
	}
	built := map[elf.Machine]string{elf.EM_AARCH64: "arm64", elf.EM_X86_64: "x86_64"}[program.Machine]
	if built != architecture {
		return fmt.Errorf("the function's zip was built for %s (%s), and the architecture is %s. Build it for that, or choose the other one",
			built, program.Machine, architecture)
	}
	return nil
}

package bundle

import (
	"errors"
	"os"
	"path/filepath"
)

// Root is the folder of the module, from any folder below it.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "template.yaml")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find the project: no folder above has template.yaml; run it inside the project")
		}
		dir = parent
	}
}

package personalizerole

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/infra/bundle"
)

// newCode returns the function's zip as an asset, whose hash is that of its content: the same sources give the same zip.
func newCode(scope constructs.Construct, zip *string, architecture Architecture) awss3assets.Asset {
	path := ""
	if zip != nil {
		path = *zip
	} else {
		built, err := buildOnce(architecture)
		if err != nil {
			panic(fmt.Sprintf("%s: %v. The function is built by go build from this module's sources; or give ProviderProps.Zip a "+
				"function.zip that make package built", *scope.Node().Path(), err))
		}
		path = built
	}
	content, err := os.ReadFile(path)
	if err != nil {
		panic(fmt.Sprintf("%s: read the function's zip: %v. Build it by make package, or leave ProviderProps.Zip out", *scope.Node().Path(), err))
	}
	return awss3assets.NewAsset(scope, jsii.String("Code"), &awss3assets.AssetProps{
		Path:          &path,
		AssetHash:     jsii.String(fmt.Sprintf("%x", sha256.Sum256(content))),
		AssetHashType: awscdk.AssetHashType_CUSTOM,
		DisplayName:   jsii.String("Personalize service role provider"),
	})
}

// built has the zips that this process has built, by architecture: apps have many stacks.
var built struct {
	sync.Mutex
	zips map[Architecture]string
}

func buildOnce(architecture Architecture) (string, error) {
	built.Lock()
	defer built.Unlock()
	if zip, ok := built.zips[architecture]; ok {
		return zip, nil
	}
	root, err := sources()
	if err != nil {
		return "", err
	}
	goarch := "arm64"
	if architecture == ArchitectureX8664 {
		goarch = "amd64"
	}
	zip, err := bundle.Make(context.Background(), root, goarch)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "personalize-role")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, bundle.ZipName)
	if err := os.WriteFile(file, zip, 0o644); err != nil {
		return "", err
	}
	if built.zips == nil {
		built.zips = map[Architecture]string{}
	}
	built.zips[architecture] = file
	return file, nil
}

// sources finds the folder of this module's sources, from where this file was compiled.
func sources() (string, error) {
	_, file, _, ok := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(file), "..", "..")
	if _, err := os.Stat(filepath.Join(root, "lambda", "main.go")); !ok || err != nil {
		return "", errors.New("the function's sources aren't on this machine")
	}
	return root, nil
}

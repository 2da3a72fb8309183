package personalizerole

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/infra/bundle"
)

// newCode returns the function's zip as an asset, whose hash is that of its content: the same sources produce the same zip.
func newCode(scope constructs.Construct, zip *string, architecture Architecture) awss3assets.Asset {
	goarch, err := bundle.ParseArch(string(architecture))
	if err != nil || bundle.Architecture(goarch) != string(architecture) {
		refuse(scope, "Architecture is %q, and must be %s or %s", architecture, ArchitectureARM64, ArchitectureX8664)
	}
	var content []byte
	if zip != nil {
		if content, err = os.ReadFile(*zip); err != nil {
			refuse(scope, "read the function's zip: %v. Build it by make package, or leave ProviderProps.Zip out", err)
		}
		if err := bundle.CheckMachine(content, string(architecture)); err != nil {
			refuse(scope, "ProviderProps.Zip %s: %v", *zip, err)
		}
	} else {
		if content, err = build(goarch); err != nil {
			refuse(scope, "%v. The function is built by go build from this module's sources; or give ProviderProps.Zip a function.zip that make "+
				"package built", err)
		}
		dir := folderFor(scope)
		// The asset is copied while it is made, unless the CDK is told to leave assets where they are.
		if !isStagingDisabled(scope) {
			defer os.RemoveAll(dir)
		}
		zip = jsii.String(filepath.Join(dir, bundle.ZipName))
		if err := os.WriteFile(*zip, content, 0o644); err != nil {
			refuse(scope, "%v", err)
		}
	}
	return awss3assets.NewAsset(scope, jsii.String("Code"), &awss3assets.AssetProps{
		Path:          zip,
		AssetHash:     jsii.String(fmt.Sprintf("%x", sha256.Sum256(content))),
		AssetHashType: awscdk.AssetHashType_CUSTOM,
		DisplayName:   jsii.String("Personalize service role provider"),
	})
}

// folderFor makes a folder for a zip, in the one that the app is synthesised to.
func folderFor(scope constructs.Construct) string {
	dir := filepath.Join(*awscdk.Stage_Of(scope).Outdir(), "personalize-role")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		refuse(scope, "%v", err)
	}
	return dir
}

func isStagingDisabled(scope constructs.Construct) bool {
	disabled := scope.Node().TryGetContext(jsii.String("aws:cdk:disable-asset-staging"))
	return disabled != nil && disabled != false
}

// build returns the zip of this module's sources.
func build(goarch string) ([]byte, error) {
	root, err := sources()
	if err != nil {
		return nil, err
	}
	return bundle.MakeOnce(context.Background(), root, goarch)
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

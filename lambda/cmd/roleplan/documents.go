package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"personalize-role/lambda/internal/servicerole"
)

// writtenDocument is a line of the manifest. PolicyType and ResourceType are the arguments of Access Analyzer's ValidatePolicy. See
// https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicy.html
type writtenDocument struct {
	File         string `json:"file"`
	LogicalID    string `json:"logicalId"`
	Resource     string `json:"resource"`
	PolicyType   string `json:"policyType"`
	ResourceType string `json:"validatePolicyResourceType,omitempty"`
	text         string
}

// documentsOf are the documents of a resource as the plan leaves them, byte for byte.
func documentsOf(r result) []writtenDocument {
	d := r.preview.Desired
	if d == nil || len(r.refusals()) > 0 {
		return nil
	}
	document := func(name, resource, policyType, resourceType, text string) writtenDocument {
		return writtenDocument{File: r.resource + "/" + name + ".json", LogicalID: r.resource, Resource: resource, PolicyType: policyType,
			ResourceType: resourceType, text: text}
	}
	all := []writtenDocument{document("trust", d.Role.ARN, "RESOURCE_POLICY", "AWS::IAM::AssumeRolePolicyDocument", d.Role.Trust)}
	if d.Policy != nil {
		all = append(all, document("role-policy", d.Policy.ARN, "IDENTITY_POLICY", "", d.Policy.Document))
	}
	reached := r.preview.Plan.After(r.preview.Observed)
	of := func(shared map[string]servicerole.ObservedShared, kind, resourceType string) {
		for _, name := range slices.Sorted(maps.Keys(shared)) {
			if found := shared[name]; found.HasStatement(d.Sid) {
				short := name[strings.LastIndex(name, "/")+1:]
				all = append(all, document(kind+"-"+short, name, "RESOURCE_POLICY", resourceType, found.Policy))
			}
		}
	}
	of(reached.Buckets, "bucket", "AWS::S3::Bucket")
	of(reached.Keys, "key", "AWS::KMS::Key")
	return all
}

// writeDocuments writes the documents of all resources into a folder, with a manifest.
func writeDocuments(dir string, results []result) error {
	manifest := []writtenDocument{}
	for _, r := range results {
		for _, d := range documentsOf(r) {
			file := filepath.Join(dir, filepath.FromSlash(d.File))
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				return fmt.Errorf("write the policies: %w", err)
			}
			if err := os.WriteFile(file, []byte(d.text), 0o600); err != nil {
				return fmt.Errorf("write the policies: %w", err)
			}
			manifest = append(manifest, d)
		}
	}
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "manifest.json"), append(text, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("write the manifest of the policies: %w", err)
	}
	return nil
}

package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"personalize-role/lambda/internal/template"
)

// Types of resources that a template makes and a role uses.
const (
	typeBucket       = "AWS::S3::Bucket"
	typeBucketPolicy = "AWS::S3::BucketPolicy"
	typeKey          = "AWS::KMS::Key"
)

// physicalIDs are the IDs of the buckets and keys of a template: those that are deployed, and stand-ins for the others.
func physicalIDs(t *template.Template, deployed map[string]string) map[string]string {
	ids := map[string]string{}
	for id, r := range t.Resources {
		if r.Type != typeBucket && r.Type != typeKey {
			continue
		}
		if ids[id] = deployed[id]; ids[id] == "" {
			ids[id] = standInName(id)
		}
	}
	return ids
}

// declared returns the buckets and keys that a template makes and that aren't deployed yet, as an account that has only them. What isn't
// known of their policies before the deployment is a text that matches nothing.
func declared(t *template.Template, r *template.Resolver, deployed map[string]string) snapshot {
	s := snapshot{Buckets: map[string]snapshotBucket{}, Keys: map[string]snapshotKey{}}
	made := func(id string) bool {
		made, known := r.Made(id)
		return (made || !known) && deployed[id] == ""
	}
	text := func(function, of string) string {
		value, _ := r.Value(map[string]any{function: of}).(string)
		return value
	}
	for _, id := range t.IDs {
		properties, _ := r.Value(t.Resources[id].Properties).(map[string]any)
		switch {
		case !made(id):
		case t.Resources[id].Type == typeBucket:
			s.Buckets[text("Ref", id)] = snapshotBucket{KmsKey: encryptionOf(properties, r)}
		case t.Resources[id].Type == typeKey:
			arn, _ := r.Value(map[string]any{"Fn::GetAtt": []any{id, "Arn"}}).(string)
			key := snapshotKey{Policy: documentOf(properties["KeyPolicy"])}
			if properties["Enabled"] == "false" {
				key.State = "Disabled"
			}
			s.Keys[arn] = key
		}
	}
	for _, id := range t.IDs {
		properties, _ := r.Value(t.Resources[id].Properties).(map[string]any)
		name, _ := properties["Bucket"].(string)
		if bucket, ok := s.Buckets[name]; ok && t.Resources[id].Type == typeBucketPolicy && made(id) {
			bucket.Policy = documentOf(properties["PolicyDocument"])
			s.Buckets[name] = bucket
		}
	}
	delete(s.Buckets, "")
	return s
}

// documentOf returns a policy document of a template; empty if there is none.
func documentOf(value any) document {
	if _, ok := value.(map[string]any); !ok {
		return ""
	}
	text, err := json.Marshal(plainly(value))
	if err != nil {
		return ""
	}
	return document(text)
}

// plainly puts a text in the place of what isn't known.
func plainly(value any) any {
	switch v := value.(type) {
	case map[string]any:
		all := map[string]any{}
		for name, member := range v {
			all[name] = plainly(member)
		}
		return all
	case []any:
		list := []any{}
		for _, element := range v {
			list = append(list, plainly(element))
		}
		return list
	case template.Unknown:
		return later
	}
	return value
}

// encryptionOf returns the key of the default encryption that the properties of a bucket ask for, as a snapshot has it.
func encryptionOf(properties map[string]any, r *template.Resolver) string {
	encryption, _ := properties["BucketEncryption"].(map[string]any)
	rules, _ := encryption["ServerSideEncryptionConfiguration"].([]any)
	for _, rule := range rules {
		fields, _ := rule.(map[string]any)
		byDefault, _ := fields["ServerSideEncryptionByDefault"].(map[string]any)
		algorithm, _ := byDefault["SSEAlgorithm"].(string)
		if !strings.HasPrefix(algorithm, "aws:kms") {
			continue
		}
		switch key, ok := byDefault["KMSMasterKeyID"].(string); {
		case !ok:
			return awsManagedKey
		case strings.HasPrefix(key, "arn:"), strings.HasPrefix(key, "alias/"):
			return key
		default:
			return fmt.Sprint(r.Value(map[string]any{"Fn::Sub": "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/" + key}))
		}
	}
	return ""
}

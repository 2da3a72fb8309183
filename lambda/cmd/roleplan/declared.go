package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
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
	ids, taken := map[string]string{}, map[string]bool{}
	for _, id := range t.IDs {
		if r := t.Resources[id]; r.Type != typeBucket && r.Type != typeKey {
			continue
		}
		if ids[id] = deployed[id]; ids[id] != "" {
			continue
		}
		// Logical IDs may be longer than names, and differ in case only.
		name := standInName(id)
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%.56s-%d", standInName(id), n)
		}
		ids[id], taken[name] = name, true
	}
	return ids
}

// declared returns the buckets and keys that a template makes and that aren't deployed yet, as an account that has only them. Statements
// that depend on values known only after the deployment are left out, which the notes say.
func declared(t *template.Template, r *template.Resolver, deployed map[string]string) (s snapshot, notes []string) {
	s = snapshot{Buckets: map[string]snapshotBucket{}, Keys: map[string]snapshotKey{}}
	ref := func(id string) string {
		name, _ := r.Value(map[string]any{"Ref": id}).(string)
		return name
	}
	made := func(id string) bool {
		made, known := r.Made(id)
		// Another name replaces what is deployed.
		return (made || !known) && (deployed[id] == "" || deployed[id] != ref(id))
	}
	document := func(id string, value any) document {
		text, leftOut := documentOf(value)
		for _, statement := range leftOut {
			notes = append(notes, fmt.Sprintf("statement %s of %s depends on what only the deployment tells, and is not evaluated", statement, id))
		}
		return text
	}
	propertiesOf := func(id string) map[string]any {
		properties, _ := r.Value(t.Resources[id].Properties).(map[string]any)
		return properties
	}
	for _, id := range t.IDs {
		switch {
		case t.Resources[id].Type == typeBucket && made(id):
			s.Buckets[ref(id)] = snapshotBucket{KmsKey: encryptionOf(propertiesOf(id), r)}
		case t.Resources[id].Type == typeKey && made(id):
			properties := propertiesOf(id)
			arn, _ := r.Value(map[string]any{"Fn::GetAtt": []any{id, "Arn"}}).(string)
			key := snapshotKey{Policy: document(id, properties["KeyPolicy"])}
			if enabled, _ := properties["Enabled"].(string); strings.EqualFold(enabled, "false") {
				key.State = "Disabled"
			}
			s.Keys[arn] = key
		}
	}
	for _, id := range t.IDs {
		if is, known := r.Made(id); t.Resources[id].Type != typeBucketPolicy || !is && known {
			continue
		}
		properties := propertiesOf(id)
		name, _ := properties["Bucket"].(string)
		bucket, ok := s.Buckets[name]
		if !ok {
			notes = append(notes, fmt.Sprintf("%s sets the whole policy of bucket %s, which this plan takes as it is deployed", id, name))
			continue
		}
		bucket.Policy = document(id, properties["PolicyDocument"])
		s.Buckets[name] = bucket
	}
	delete(s.Buckets, "")
	return s, notes
}

// documentOf returns a policy document of a template, empty if there is none, and the Sids or numbers of statements that aren't known.
func documentOf(value any) (text document, leftOut []string) {
	all, ok := value.(map[string]any)
	if !ok {
		return "", nil
	}
	statements, ok := all["Statement"].([]any)
	if !ok {
		statements = []any{all["Statement"]}
	}
	known := []any{}
	for n, statement := range statements {
		if !isKnown(statement) {
			fields, _ := statement.(map[string]any)
			sid, _ := fields["Sid"].(string)
			leftOut = append(leftOut, cmp.Or(sid, fmt.Sprint(n+1)))
			continue
		}
		known = append(known, statement)
	}
	encoded, err := json.Marshal(map[string]any{"Version": all["Version"], "Statement": known})
	if err != nil || !isKnown(all["Version"]) {
		return "", leftOut
	}
	return document(encoded), leftOut
}

// isKnown reports whether nothing in a value is unknown.
func isKnown(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		for _, member := range v {
			if !isKnown(member) {
				return false
			}
		}
	case []any:
		return !slices.ContainsFunc(v, func(element any) bool { return !isKnown(element) })
	case template.Unknown:
		return false
	}
	return true
}

// encryptionOf returns the key of the default encryption that the properties of a bucket ask for, as a snapshot has it; empty if it isn't
// known which one.
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
		key, known := byDefault["KMSMasterKeyID"].(string)
		switch {
		case byDefault["KMSMasterKeyID"] == nil:
			return awsManagedKey
		case !known, strings.HasPrefix(key, "alias/") && key != awsManagedKey:
			return ""
		case strings.HasPrefix(key, "arn:"), key == awsManagedKey:
			return key
		}
		return fmt.Sprint(r.Value(map[string]any{"Fn::Sub": "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/" + key}))
	}
	return ""
}

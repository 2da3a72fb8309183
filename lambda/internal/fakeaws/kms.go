package fakeaws

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// KMS is one account's KMS.
type KMS struct {
	*Account
	keys map[string]*key
	// aliases are ARNs of keys by name, such as alias/data.
	aliases map[string]string
}

type key struct {
	policy string
	// doomed keys are pending deletion.
	doomed bool
}

// AddKey makes a key with a policy and returns its ARN.
func (f *KMS) AddKey(policy string) string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	arn := fmt.Sprintf("arn:aws:kms:%s:%s:key/00000000-0000-0000-0000-%012d", region, f.AccountID, len(f.keys)+1)
	f.keys[arn] = &key{policy: policy}
	return arn
}

// AddAlias gives a key an alias, such as alias/data; the key may be one that doesn't exist.
func (f *KMS) AddAlias(alias, arn string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.aliases[alias] = arn
}

// RemoveKey has a key wait for its deletion.
func (f *KMS) RemoveKey(arn string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.keys[arn].doomed = true
}

func (f *KMS) state(state map[string]string) {
	for arn, k := range f.keys {
		state[arn] = "policy=" + k.policy
	}
}

func (f *KMS) find(id *string) (*key, error) {
	if k, ok := f.keys[aws.ToString(id)]; ok {
		return k, nil
	}
	return nil, apiError("NotFoundException", "Key %s not found", aws.ToString(id))
}

// resolve returns the ARN of a key by its ID, its alias or the alias's ARN.
func (f *KMS) resolve(id *string) *string {
	name := strings.TrimPrefix(aws.ToString(id), fmt.Sprintf("arn:aws:kms:%s:%s:", region, f.AccountID))
	if arn, ok := f.aliases[name]; ok {
		return aws.String(arn)
	}
	if !strings.Contains(name, "/") {
		return aws.String(fmt.Sprintf("arn:aws:kms:%s:%s:key/%s", region, f.AccountID, name))
	}
	return id
}

// DescribeKey is the KMS call of that name, as are all methods that follow.
func (f *KMS) DescribeKey(ctx context.Context, in *kms.DescribeKeyInput, _ ...func(*kms.Options)) (*kms.DescribeKeyOutput, error) {
	return call(ctx, f.Account, "kms:DescribeKey", func() (*kms.DescribeKeyOutput, error) {
		arn := f.resolve(in.KeyId)
		k, err := f.find(arn)
		if err != nil {
			return nil, err
		}
		state := types.KeyStateEnabled
		if k.doomed {
			state = types.KeyStatePendingDeletion
		}
		return &kms.DescribeKeyOutput{KeyMetadata: &types.KeyMetadata{Arn: arn, KeyId: arn, KeyState: state,
			KeyManager: types.KeyManagerTypeCustomer}}, nil
	})
}

func (f *KMS) GetKeyPolicy(ctx context.Context, in *kms.GetKeyPolicyInput, _ ...func(*kms.Options)) (*kms.GetKeyPolicyOutput, error) {
	return call(ctx, f.Account, "kms:GetKeyPolicy", func() (*kms.GetKeyPolicyOutput, error) {
		k, err := f.find(in.KeyId)
		if err != nil {
			return nil, err
		}
		return &kms.GetKeyPolicyOutput{Policy: aws.String(k.policy)}, nil
	})
}

func (f *KMS) PutKeyPolicy(ctx context.Context, in *kms.PutKeyPolicyInput, _ ...func(*kms.Options)) (*kms.PutKeyPolicyOutput, error) {
	return call(ctx, f.Account, "kms:PutKeyPolicy", func() (*kms.PutKeyPolicyOutput, error) {
		k, err := f.find(in.KeyId)
		if err != nil {
			return nil, err
		}
		if !f.knowsPrincipals(aws.ToString(in.Policy)) {
			return nil, apiError("MalformedPolicyDocumentException", "Policy contains a statement with one or more invalid principals.")
		}
		k.policy = aws.ToString(in.Policy)
		return &kms.PutKeyPolicyOutput{}, nil
	})
}

var (
	rolePrincipal = regexp.MustCompile(`"arn:aws:iam::\d{12}:role/([^"]*/)?([^"/]+)"`)
	deadPrincipal = regexp.MustCompile(`"(AROA|AIDA)\w{12,}"`)
)

// knowsPrincipals reports whether the roles in a policy exist, as KMS demands. Roles of other accounts aren't looked up.
func (f *KMS) knowsPrincipals(policy string) bool {
	if deadPrincipal.MatchString(policy) {
		return false
	}
	for _, m := range rolePrincipal.FindAllStringSubmatch(policy, -1) {
		if _, err := f.IAM.find(&m[2]); err != nil && strings.Contains(m[0], ":"+f.AccountID+":") {
			return false
		}
	}
	return true
}

// forget has the policies of keys show the unique ID of a role that was deleted. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
func (f *KMS) forget(arn, id string) {
	for _, k := range f.keys {
		k.policy = strings.ReplaceAll(k.policy, `"`+arn+`"`, `"`+id+`"`)
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

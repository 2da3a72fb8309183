//go:build emulator

package emulator

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

var kmsCorrections = []correction{
	{"a key is authorised by its ARN, also if an alias names it",
		"https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html", func(ctx context.Context, e *Emulator) error {
			root := kms.NewFromConfig(e.Config())
			key, err := root.CreateKey(ctx, &kms.CreateKeyInput{})
			if err != nil {
				return err
			}
			alias := aws.String("alias/named")
			if _, err := root.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: alias, TargetKeyId: key.KeyMetadata.Arn}); err != nil {
				return err
			}
			describe := func(user, resource string) error {
				id, secret, err := e.credentials(ctx, user, `"Action":"kms:DescribeKey","Resource":"`+resource+`"`)
				if err != nil {
					return err
				}
				return second(kms.NewFromConfig(e.ConfigFor(id, secret, "")).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: alias}))
			}
			return errors.Join(describe("by-key", "arn:aws:kms:*:*:key/*"),
				failed("AccessDeniedException", describe("by-alias", "arn:aws:kms:*:*:alias/*")))
		}},
	{"kms:BypassPolicyLockoutSafetyCheck is known", "https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html",
		func(ctx context.Context, e *Emulator) error {
			root := kms.NewFromConfig(e.Config())
			key, err := root.CreateKey(ctx, &kms.CreateKeyInput{})
			if err != nil {
				return err
			}
			policy, err := root.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: key.KeyMetadata.Arn})
			if err != nil {
				return err
			}
			id, secret, err := e.credentials(ctx, "bypassing", `"Action":"kms:*","Resource":"*","Condition":{"BoolIfExists":{`+
				`"kms:BypassPolicyLockoutSafetyCheck":"false"}}`)
			if err != nil {
				return err
			}
			put := func(bypass bool) error {
				return second(kms.NewFromConfig(e.ConfigFor(id, secret, "")).PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{
					KeyId: key.KeyMetadata.Arn, Policy: policy.Policy, BypassPolicyLockoutSafetyCheck: bypass}))
			}
			return errors.Join(put(false), failed("AccessDeniedException", put(true)))
		}},
}

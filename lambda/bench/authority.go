package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// authority certifies the services as AWS's does: RSA keys of 2,048 bits, and one certificate between root and service, so that a
// handshake costs a function what it costs there.
type authority struct {
	certificate tls.Certificate
	root        []byte
}

func newAuthority() (*authority, error) {
	var (
		keys     [3]*rsa.PrivateKey
		tmpls    [3]*x509.Certificate
		encoded  [3][]byte
		now      = time.Now()
		subjects = []string{"Benchmark root", "Benchmark intermediate", "127.0.0.1"}
	)
	for n := range keys {
		var err error
		if keys[n], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return nil, err
		}
		isCA := n < 2
		tmpls[n] = &x509.Certificate{
			SerialNumber: big.NewInt(int64(n + 1)), Subject: pkix.Name{CommonName: subjects[n]},
			NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
			IsCA: isCA, BasicConstraintsValid: isCA, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		}
		if !isCA {
			tmpls[n].KeyUsage = x509.KeyUsageDigitalSignature
			tmpls[n].ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			tmpls[n].IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
		}
		above := max(0, n-1)
		if encoded[n], err = x509.CreateCertificate(rand.Reader, tmpls[n], tmpls[above], &keys[n].PublicKey, keys[above]); err != nil {
			return nil, err
		}
	}
	return &authority{
		certificate: tls.Certificate{Certificate: [][]byte{encoded[2], encoded[1]}, PrivateKey: keys[2]},
		root:        pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: encoded[0]}),
	}, nil
}

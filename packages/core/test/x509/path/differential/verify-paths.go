// Verifies end entities by Go's standard library alone: why it refuses each, or an empty string.
package main

import (
	"crypto/x509"
	"encoding/json"
	"os"
	"time"
)

type batch struct {
	Root   []byte
	CAs    [][]byte
	Leaves [][]byte
	At     time.Time
}

func main() {
	var b batch
	if err := json.NewDecoder(os.Stdin).Decode(&b); err != nil {
		panic(err)
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	root, err := x509.ParseCertificate(b.Root)
	if err != nil {
		panic(err)
	}
	roots.AddCert(root)
	for _, der := range b.CAs {
		// What Go cannot read it cannot build a path with.
		if ca, err := x509.ParseCertificate(der); err == nil {
			intermediates.AddCert(ca)
		}
	}
	options := x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   b.At,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	reasons := make([]string, len(b.Leaves))
	for i, der := range b.Leaves {
		leaf, err := x509.ParseCertificate(der)
		if err == nil {
			_, err = leaf.Verify(options)
		}
		if err != nil {
			reasons[i] = err.Error()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(reasons); err != nil {
		panic(err)
	}
}

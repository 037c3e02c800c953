// Reads CRLs by Go's standard library alone: verifies each by its issuer, and tells what it holds.
//
// A manifest is read from standard input; one line of JSON is written for each CRL.
package main

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
)

type manifest struct {
	Issuer string
	CRLs   []string
}

type verdict struct {
	Error    string
	Number   string
	Serials  []string
	Critical []string
}

func main() {
	var m manifest
	if err := json.NewDecoder(os.Stdin).Decode(&m); err != nil {
		fail(err)
	}
	block, _ := pem.Decode([]byte(m.Issuer))
	issuer, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		fail(err)
	}
	out := json.NewEncoder(os.Stdout)
	for _, text := range m.CRLs {
		if err := out.Encode(read(text, issuer)); err != nil {
			fail(err)
		}
	}
}

func read(text string, issuer *x509.Certificate) verdict {
	block, _ := pem.Decode([]byte(text))
	crl, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		return verdict{Error: err.Error()}
	}
	v := verdict{Number: crl.Number.String(), Serials: []string{}, Critical: []string{}}
	if err := crl.CheckSignatureFrom(issuer); err != nil {
		v.Error = err.Error()
	}
	for _, entry := range crl.RevokedCertificates {
		v.Serials = append(v.Serials, fmt.Sprintf("%040x", entry.SerialNumber))
	}
	for _, extension := range crl.Extensions {
		if extension.Critical {
			v.Critical = append(v.Critical, extension.Id.String())
		}
	}
	return v
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

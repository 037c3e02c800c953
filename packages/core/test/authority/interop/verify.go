// Verifies the chains and CRLs that a manifest names, by Go's standard library alone.
//
// The manifest is read from standard input; one line of JSON is written for each certificate and each CRL.
package main

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"time"
)

type leaf struct {
	Name, Pem, DNSName string
	Usage              string
}

type authority struct {
	Title, Root, Intermediate string
	Leaves                    []leaf
	RootCRL, IntermediateCRL  string
}

type verdict struct {
	Title, Name, Error string
	Serial             string
	Names              []string
	Revoked            []string
	Number             string
}

var usages = map[string]x509.ExtKeyUsage{
	"server":        x509.ExtKeyUsageServerAuth,
	"client":        x509.ExtKeyUsageClientAuth,
	"peer":          x509.ExtKeyUsageClientAuth,
	"codeSigning":   x509.ExtKeyUsageCodeSigning,
	"ocspResponder": x509.ExtKeyUsageOCSPSigning,
}

func main() {
	var authorities []authority
	if err := json.NewDecoder(os.Stdin).Decode(&authorities); err != nil {
		fail(err)
	}
	out := json.NewEncoder(os.Stdout)
	for _, a := range authorities {
		root, intermediate := parse(a.Root), parse(a.Intermediate)
		for _, l := range a.Leaves {
			if err := out.Encode(check(a.Title, l, root, intermediate)); err != nil {
				fail(err)
			}
		}
		for _, c := range []verdict{
			checkCRL(a.Title, "root.crl", a.RootCRL, root),
			checkCRL(a.Title, "intermediate.crl", a.IntermediateCRL, intermediate),
		} {
			if err := out.Encode(c); err != nil {
				fail(err)
			}
		}
	}
}

func check(title string, l leaf, root, intermediate *x509.Certificate) verdict {
	certificate := parse(l.Pem)
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(root)
	intermediates.AddCert(intermediate)
	_, err := certificate.Verify(x509.VerifyOptions{
		DNSName:       l.DNSName,
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   time.Now(),
		KeyUsages:     []x509.ExtKeyUsage{usages[l.Usage]},
	})
	names := append([]string{}, certificate.DNSNames...)
	for _, ip := range certificate.IPAddresses {
		names = append(names, "ip:"+ip.String())
	}
	for _, uri := range certificate.URIs {
		names = append(names, "uri:"+uri.String())
	}
	for _, email := range certificate.EmailAddresses {
		names = append(names, "email:"+email)
	}
	return verdict{Title: title, Name: l.Name, Error: text(err), Serial: fmt.Sprintf("%040x", certificate.SerialNumber), Names: names}
}

func checkCRL(title, name, text_ string, issuer *x509.Certificate) verdict {
	crl, err := x509.ParseRevocationList(block(text_))
	if err != nil {
		return verdict{Title: title, Name: name, Error: err.Error()}
	}
	err = crl.CheckSignatureFrom(issuer)
	if err == nil && time.Now().After(crl.NextUpdate) {
		err = fmt.Errorf("stale since %s", crl.NextUpdate)
	}
	revoked := []string{}
	for _, entry := range crl.RevokedCertificates {
		revoked = append(revoked, fmt.Sprintf("%040x", entry.SerialNumber))
	}
	return verdict{Title: title, Name: name, Error: text(err), Revoked: revoked, Number: crl.Number.String()}
}

func parse(text string) *x509.Certificate {
	certificate, err := x509.ParseCertificate(block(text))
	if err != nil {
		fail(err)
	}
	return certificate
}

func block(text string) []byte {
	decoded, rest := pem.Decode([]byte(text))
	if decoded == nil || strings.TrimSpace(string(rest)) != "" {
		fail(fmt.Errorf("not one PEM block"))
	}
	return decoded.Bytes
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

package main

import "crypto/x509"

// parseTask: a PEM file; ParseCertificate reads every field and every extension that it knows.
func parseTask(args []string) task {
	ders, _ := blocks(args[0])
	next := turns(len(ders))
	return func() []byte {
		certificate, err := x509.ParseCertificate(ders[next()])
		must(err)
		return certificate.SerialNumber.Bytes()
	}
}

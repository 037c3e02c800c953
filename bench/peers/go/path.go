package main

import "crypto/x509"

// pathTask: the root, and a PEM file of paths, each an intermediate and an end entity; from DER to the verdict.
func pathTask(args []string) task {
	anchors, _ := blocks(args[0])
	root, err := x509.ParseCertificate(anchors[0])
	must(err)
	roots := x509.NewCertPool()
	roots.AddCert(root)
	ders, _ := blocks(args[1])
	next := turns(len(ders) / 2)
	return func() []byte {
		at := next() * 2
		intermediate, err := x509.ParseCertificate(ders[at])
		must(err)
		leaf, err := x509.ParseCertificate(ders[at+1])
		must(err)
		intermediates := x509.NewCertPool()
		intermediates.AddCert(intermediate)
		_, err = leaf.Verify(x509.VerifyOptions{
			Roots:         roots,
			Intermediates: intermediates,
			KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		})
		must(err)
		return nil
	}
}

package main

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"os"
)

// blocks splits a PEM file into its blocks, each encoded again as PEM of its own.
func blocks(path string) (ders [][]byte, pems [][]byte) {
	rest, err := os.ReadFile(path)
	must(err)
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return ders, pems
		}
		ders = append(ders, block.Bytes)
		pems = append(pems, pem.EncodeToMemory(block))
	}
}

// authority reads the certificate and the PKCS#8 key of the CA.
func authority(certificatePath, keyPath string) (*x509.Certificate, crypto.Signer) {
	certificates, _ := blocks(certificatePath)
	certificate, err := x509.ParseCertificate(certificates[0])
	must(err)
	keys, _ := blocks(keyPath)
	key, err := x509.ParsePKCS8PrivateKey(keys[0])
	must(err)
	return certificate, key.(crypto.Signer)
}

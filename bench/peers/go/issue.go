package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"time"
)

// issuer gives a function that makes a certificate from a checked request. CreateCertificate verifies its own signature.
func issuer(args []string) func(*x509.CertificateRequest) []byte {
	parent, key := authority(args[0], args[1])
	notBefore := time.Now().Add(-5 * time.Minute).Truncate(time.Second)
	return func(request *x509.CertificateRequest) []byte {
		point := request.PublicKey.(*ecdsa.PublicKey)
		identifier := sha1.Sum(elliptic.Marshal(point.Curve, point.X, point.Y))
		template := &x509.Certificate{
			SerialNumber:          serialNumber(),
			Subject:               request.Subject,
			NotBefore:             notBefore,
			NotAfter:              notBefore.Add(90 * 24 * time.Hour),
			KeyUsage:              x509.KeyUsageDigitalSignature,
			ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			BasicConstraintsValid: true,
			DNSNames:              request.DNSNames,
			SubjectKeyId:          identifier[:],
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, request.PublicKey, crypto.Signer(key))
		must(err)
		return der
	}
}

func serialNumber() *big.Int {
	var bytes [20]byte
	_, err := rand.Read(bytes[:])
	must(err)
	bytes[0] = 1 + bytes[0]%0x7f
	return new(big.Int).SetBytes(bytes[:])
}

// issueTask: certificate, key and requests of the CA; from a checked request to DER.
func issueTask(args []string) task {
	issue := issuer(args)
	ders, _ := blocks(args[2])
	var requests []*x509.CertificateRequest
	for _, der := range ders[:64] {
		request, err := x509.ParseCertificateRequest(der)
		must(err)
		requests = append(requests, request)
	}
	next := turns(len(requests))
	return func() []byte { return issue(requests[next()]) }
}

// csrTask: the same from PEM to PEM, with proof of possession.
func csrTask(args []string) task {
	issue := issuer(args)
	_, pems := blocks(args[2])
	next := turns(len(pems))
	return func() []byte {
		block, _ := pem.Decode(pems[next()])
		request, err := x509.ParseCertificateRequest(block.Bytes)
		must(err)
		must(request.CheckSignature())
		der := issue(request)
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		return der
	}
}

// turns walks a pool round and round.
func turns(size int) func() int {
	index := -1
	return func() int {
		index = (index + 1) % size
		return index
	}
}

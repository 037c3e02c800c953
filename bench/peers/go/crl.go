package main

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"math/big"
	"os"
	"time"
)

var reasonCode = asn1.ObjectIdentifier{2, 5, 29, 21}

// entryBytes is a serial number of 20 octets, the seconds since the epoch in four and a reason code in one (0: none).
const entryBytes = 25

// crlTask: certificate and key of the CA, and a file of entries; the whole CRL anew each time.
func crlTask(args []string) task {
	parent, key := authority(args[0], args[1])
	file, err := os.ReadFile(args[2])
	must(err)
	reasons := map[byte][]pkix.Extension{}
	for code := byte(1); code <= 10; code++ {
		reasons[code] = []pkix.Extension{{Id: reasonCode, Value: []byte{0x0a, 1, code}}}
	}
	var entries []pkix.RevokedCertificate
	for offset := 0; offset < len(file); offset += entryBytes {
		entry := file[offset : offset+entryBytes]
		entries = append(entries, pkix.RevokedCertificate{
			SerialNumber:   new(big.Int).SetBytes(entry[:20]),
			RevocationTime: time.Unix(int64(binary.BigEndian.Uint32(entry[20:])), 0),
			Extensions:     reasons[entry[24]],
		})
	}
	now := time.Now()
	return func() []byte {
		template := &x509.RevocationList{
			Number:              big.NewInt(1),
			ThisUpdate:          now,
			NextUpdate:          now.Add(24 * time.Hour),
			RevokedCertificates: entries,
		}
		der, err := x509.CreateRevocationList(rand.Reader, template, parent, key)
		must(err)
		return der
	}
}

// parseCrlTask: a CRL in DER.
func parseCrlTask(args []string) task {
	der, err := os.ReadFile(args[0])
	must(err)
	return func() []byte {
		_, err := x509.ParseRevocationList(der)
		must(err)
		return nil
	}
}

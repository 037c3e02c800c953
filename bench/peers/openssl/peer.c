/*
 * The peer in C: OpenSSL's libcrypto, asked over standard input.
 *
 * A line "run N" does the task N times and answers "ran WALL CPU" in nanoseconds; "sample" answers "sample BASE64" with one
 * output. Extensions that all certificates share are made once.
 */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SHARED 4
#define CHECKED 64

typedef struct {
  char *pem;
  int pem_length;
  unsigned char *der;
  long der_length;
} Document;

static X509 *authority;
static EVP_PKEY *signing_key;
static X509_EXTENSION *shared[SHARED];
static X509_REQ *checked[CHECKED];
static Document *documents;
static size_t document_count, turn;
static time_t not_before;
static OCSP_CERTID *issuer_id;
static X509_STORE *anchors;

static void require(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "openssl peer: %s\n", what);
  ERR_print_errors_fp(stderr);
  exit(1);
}

static long long nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Splits a PEM file into its documents, each kept as PEM and as DER. */
static void read_documents(const char *path) {
  BIO *file = BIO_new_file(path, "r");
  require(file != NULL, path);
  char *name, *header;
  unsigned char *der;
  long length;
  size_t capacity = 0;
  while (PEM_read_bio(file, &name, &header, &der, &length)) {
    if (document_count == capacity) {
      capacity = capacity ? capacity * 2 : 64;
      documents = realloc(documents, capacity * sizeof *documents);
    }
    BIO *text = BIO_new(BIO_s_mem());
    PEM_write_bio(text, name, "", der, length);
    char *pem;
    int pem_length = (int)BIO_get_mem_data(text, &pem);
    Document document = {memcpy(malloc(pem_length), pem, pem_length), pem_length, der, length};
    documents[document_count++] = document;
    BIO_free(text);
    OPENSSL_free(name);
    OPENSSL_free(header);
  }
  ERR_clear_error();
  BIO_free(file);
  require(document_count > 0, "no documents");
}

static Document *next_document(void) {
  Document *document = &documents[turn];
  turn = (turn + 1) % document_count;
  return document;
}

static void read_authority(const char *certificate, const char *key) {
  BIO *file = BIO_new_file(certificate, "r");
  require(file != NULL && (authority = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL, certificate);
  BIO_free(file);
  file = BIO_new_file(key, "r");
  require(file != NULL && (signing_key = PEM_read_bio_PrivateKey(file, NULL, NULL, NULL)) != NULL, key);
  BIO_free(file);
  static const struct { int nid; const char *value; } texts[SHARED] = {
      {NID_basic_constraints, "critical,CA:FALSE"},
      {NID_key_usage, "critical,digitalSignature"},
      {NID_ext_key_usage, "serverAuth"},
      {NID_authority_key_identifier, "keyid:always"},
  };
  X509V3_CTX context;
  X509V3_set_ctx(&context, authority, NULL, NULL, NULL, 0);
  for (int i = 0; i < SHARED; i++) {
    shared[i] = X509V3_EXT_conf_nid(NULL, &context, texts[i].nid, texts[i].value);
    require(shared[i] != NULL, texts[i].value);
  }
  not_before = time(NULL) - 300;
}

static void add_subject_key_identifier(X509 *certificate, EVP_PKEY *key) {
  unsigned char *point, digest[SHA_DIGEST_LENGTH];
  size_t length = EVP_PKEY_get1_encoded_public_key(key, &point);
  require(length > 0, "public key");
  SHA1(point, length, digest);
  OPENSSL_free(point);
  ASN1_OCTET_STRING *identifier = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(identifier, digest, sizeof digest);
  require(X509_add1_ext_i2d(certificate, NID_subject_key_identifier, identifier, 0, X509V3_ADD_DEFAULT) == 1, "SKI");
  ASN1_OCTET_STRING_free(identifier);
}

static X509 *issue(X509_REQ *request) {
  unsigned char serial[20];
  require(RAND_bytes(serial, sizeof serial) == 1, "random");
  serial[0] = 1 + serial[0] % 0x7f;
  BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
  EVP_PKEY *key = X509_REQ_get0_pubkey(request);
  X509 *certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
  BN_free(number);
  X509_set_issuer_name(certificate, X509_get_subject_name(authority));
  X509_set_subject_name(certificate, X509_REQ_get_subject_name(request));
  ASN1_TIME_set(X509_getm_notBefore(certificate), not_before);
  ASN1_TIME_set(X509_getm_notAfter(certificate), not_before + 90 * 86400L);
  require(X509_set_pubkey(certificate, key) == 1, "public key");
  for (int i = 0; i < SHARED; i++) X509_add_ext(certificate, shared[i], -1);
  STACK_OF(X509_EXTENSION) *requested = X509_REQ_get_extensions(request);
  int names = X509v3_get_ext_by_NID(requested, NID_subject_alt_name, -1);
  require(names >= 0, "no names");
  X509_add_ext(certificate, X509v3_get_ext(requested, names), -1);
  sk_X509_EXTENSION_pop_free(requested, X509_EXTENSION_free);
  add_subject_key_identifier(certificate, key);
  require(X509_sign(certificate, signing_key, EVP_sha256()) > 0, "sign");
  return certificate;
}

/* Each task gives what it made, to be freed by the caller, or NULL where it makes nothing. */
static unsigned char *issue_task(int *length) {
  X509 *certificate = issue(checked[turn]);
  turn = (turn + 1) % CHECKED;
  unsigned char *der = NULL;
  *length = i2d_X509(certificate, &der);
  X509_free(certificate);
  return der;
}

static unsigned char *csr_task(int *length) {
  Document *document = next_document();
  BIO *text = BIO_new_mem_buf(document->pem, document->pem_length);
  X509_REQ *request = PEM_read_bio_X509_REQ(text, NULL, NULL, NULL);
  require(request != NULL && X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) == 1, "request refused");
  X509 *certificate = issue(request);
  BIO *answer = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(answer, certificate);
  unsigned char *der = NULL;
  *length = i2d_X509(certificate, &der);
  BIO_free(answer);
  BIO_free(text);
  X509_free(certificate);
  X509_REQ_free(request);
  return der;
}

static unsigned char *parse_task(int *length) {
  Document *document = next_document();
  const unsigned char *der = document->der;
  X509 *certificate = d2i_X509(NULL, &der, document->der_length);
  require(certificate != NULL, "certificate refused");
  /* Decodes the extensions, which d2i_X509 leaves alone. */
  require((X509_get_extension_flags(certificate) & EXFLAG_INVALID) == 0, "extensions refused");
  X509_free(certificate);
  *length = 0;
  return NULL;
}

static X509 *read_certificate(Document *document) {
  const unsigned char *der = document->der;
  X509 *certificate = d2i_X509(NULL, &der, document->der_length);
  require(certificate != NULL, "certificate refused");
  return certificate;
}

/* The documents are paths, each an intermediate and an end entity. */
static unsigned char *path_task(int *length) {
  X509 *intermediate = read_certificate(next_document()), *leaf = read_certificate(next_document());
  STACK_OF(X509) *untrusted = sk_X509_new_null();
  sk_X509_push(untrusted, intermediate);
  X509_STORE_CTX *validation = X509_STORE_CTX_new();
  require(X509_STORE_CTX_init(validation, anchors, leaf, untrusted) == 1, "validation");
  X509_STORE_CTX_set_purpose(validation, X509_PURPOSE_SSL_SERVER);
  require(X509_verify_cert(validation) == 1, "path refused");
  X509_STORE_CTX_free(validation);
  sk_X509_free(untrusted);
  X509_free(intermediate);
  X509_free(leaf);
  *length = 0;
  return NULL;
}

static void read_anchor(const char *path) {
  BIO *file = BIO_new_file(path, "r");
  X509 *anchor = file == NULL ? NULL : PEM_read_bio_X509(file, NULL, NULL, NULL);
  anchors = X509_STORE_new();
  require(anchor != NULL && X509_STORE_add_cert(anchors, anchor) == 1, path);
  X509_free(anchor);
  BIO_free(file);
}

static unsigned char *ocsp_task(int *length) {
  Document *document = next_document();
  const unsigned char *asked = document->der;
  OCSP_REQUEST *request = d2i_OCSP_REQUEST(NULL, &asked, document->der_length);
  require(request != NULL, "OCSP request refused");
  OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
  ASN1_TIME *this_update = X509_gmtime_adj(NULL, 0), *next_update = X509_gmtime_adj(NULL, 86400);
  for (int i = 0; i < OCSP_request_onereq_count(request); i++) {
    OCSP_CERTID *id = OCSP_onereq_get0_id(OCSP_request_onereq_get0(request, i));
    require(OCSP_id_issuer_cmp(id, issuer_id) == 0, "another issuer");
    require(OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, this_update, next_update) != NULL, "status");
  }
  OCSP_copy_nonce(basic, request);
  require(OCSP_basic_sign(basic, authority, signing_key, EVP_sha256(), NULL, OCSP_RESPID_KEY) == 1, "sign");
  OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  unsigned char *der = NULL;
  *length = i2d_OCSP_RESPONSE(response, &der);
  OCSP_RESPONSE_free(response);
  OCSP_BASICRESP_free(basic);
  OCSP_REQUEST_free(request);
  ASN1_TIME_free(this_update);
  ASN1_TIME_free(next_update);
  return der;
}

static void read_issuer_id(void) {
  ASN1_INTEGER *serial = ASN1_INTEGER_new();
  issuer_id = OCSP_cert_id_new(EVP_sha1(), X509_get_subject_name(authority), X509_get0_pubkey_bitstr(authority), serial);
  ASN1_INTEGER_free(serial);
  require(issuer_id != NULL, "issuer");
}

static void read_checked(void) {
  for (int i = 0; i < CHECKED; i++) {
    const unsigned char *der = documents[i].der;
    checked[i] = d2i_X509_REQ(NULL, &der, documents[i].der_length);
    require(checked[i] != NULL && X509_REQ_verify(checked[i], X509_REQ_get0_pubkey(checked[i])) == 1, "request");
  }
}

static void answer_sample(unsigned char *(*task)(int *)) {
  int length;
  unsigned char *der = task(&length);
  unsigned char *base64 = malloc(length * 4 / 3 + 8);
  EVP_EncodeBlock(base64, der, length);
  printf("sample %s\n", base64);
  free(base64);
  OPENSSL_free(der);
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "version") == 0) return puts(OpenSSL_version(OPENSSL_VERSION_STRING)) < 0;
  require(argc >= 3, "usage: peer issue|csr|ocsp CERTIFICATE KEY REQUESTS | path ROOT PATHS | parse CERTIFICATES");
  unsigned char *(*task)(int *) = parse_task;
  read_documents(argv[argc - 1]);
  if (strcmp(argv[1], "path") == 0) {
    require(argc == 4 && document_count % 2 == 0, "root and paths");
    read_anchor(argv[2]);
    task = path_task;
  } else if (strcmp(argv[1], "parse") != 0) {
    require(argc == 5, "certificate, key and requests");
    read_authority(argv[2], argv[3]);
    task = strcmp(argv[1], "issue") == 0 ? issue_task : strcmp(argv[1], "ocsp") == 0 ? ocsp_task : csr_task;
    if (task == issue_task) read_checked();
    if (task == ocsp_task) read_issuer_id();
  }
  char line[64];
  while (fgets(line, sizeof line, stdin)) {
    long count;
    if (sscanf(line, "run %ld", &count) == 1) {
      long long cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID), wall = nanoseconds(CLOCK_MONOTONIC);
      for (long i = 0; i < count; i++) {
        int length;
        OPENSSL_free(task(&length));
      }
      wall = nanoseconds(CLOCK_MONOTONIC) - wall;
      printf("ran %lld %lld\n", wall, nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    } else {
      answer_sample(task);
    }
    fflush(stdout);
  }
  return 0;
}

/*
 * A libcurl on another TLS library than OpenSSL reads the files itself.
 */
#define _POSIX_C_SOURCE 200809L

#include "http/http.h"

#include "base/list.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/*
 * Seconds. A store keeps what it found in a directory, so that a certificate which was taken away there counts as long as this.
 */
#define LIFETIME 3600

struct cf_http_trust {
    cf_list link; /* in stores */
    size_t holders;
    X509_STORE *store;
    time_t read_at;
    struct stat file_as_read;
    char *file; /* "" for none, as `path` */
    char *path;
};

/* Of the process: one for each pair of places, and older ones as long as somebody holds them. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cf_list stores = {&stores, &stores};

static void look_at(const char *file, struct stat *seen)
{
    if (stat(file, seen) != 0)
        memset(seen, 0, sizeof *seen);
}

static bool is_fresh(const cf_http_trust *trust)
{
    struct stat now;
    const struct stat *then = &trust->file_as_read;
    look_at(trust->file, &now);
    return time(NULL) - trust->read_at < LIFETIME && now.st_ino == then->st_ino && now.st_size == then->st_size &&
           now.st_mtim.tv_sec == then->st_mtim.tv_sec && now.st_mtim.tv_nsec == then->st_mtim.tv_nsec;
}

static cf_http_trust *find(const char *file, const char *path)
{
    CF_LIST_EACH (link, &stores) {
        cf_http_trust *trust = CF_CONTAINER(link, cf_http_trust, link);
        if (strcmp(trust->file, file) == 0 && strcmp(trust->path, path) == 0 && is_fresh(trust))
            return trust;
    }
    return NULL;
}

static void free_trust(cf_http_trust *trust)
{
    cf_list_remove(&trust->link);
    X509_STORE_free(trust->store);
    OPENSSL_free(trust->file);
    OPENSSL_free(trust->path);
    OPENSSL_free(trust);
}

/* With the flags that libcurl sets: an authority in the middle may be trusted alone. */
static bool read_store(cf_http_trust *trust)
{
    trust->store = X509_STORE_new();
    if (!trust->store || (trust->file[0] && !X509_STORE_load_file(trust->store, trust->file)) ||
        (trust->path[0] && !X509_STORE_load_path(trust->store, trust->path)))
        return false;
    return X509_STORE_set_flags(trust->store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN) == 1;
}

static cf_http_trust *make(const char *file, const char *path)
{
    cf_http_trust *trust = OPENSSL_zalloc(sizeof *trust);
    if (!trust)
        return NULL;
    trust->read_at = time(NULL);
    look_at(file, &trust->file_as_read);
    trust->file = OPENSSL_strdup(file);
    trust->path = OPENSSL_strdup(path);
    if (!trust->file || !trust->path || !read_store(trust)) {
        ERR_clear_error();
        free_trust(trust);
        return NULL;
    }
    cf_list_prepend(&stores, &trust->link);
    return trust;
}

const char *cf_http_trust_file(const char *file, const char *path)
{
    struct stat seen;
    bool missing = path && path[0] && (stat(path, &seen) != 0 || !S_ISDIR(seen.st_mode));
    return missing ? path : file;
}

cf_http_trust *cf_http_trust_hold(const char *file, const char *path)
{
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    if (!curl->ssl_version || strncmp(curl->ssl_version, "OpenSSL/", 8) != 0 || curl->age < CURLVERSION_SEVENTH)
        return NULL;
    bool own = file || path;
    if (cf_http_trust_file(file, path) != file)
        return NULL;
    const char *trusted_file = own ? file : curl->cainfo;
    const char *trusted_path = own ? path : curl->capath;
    trusted_file = trusted_file ? trusted_file : "";
    trusted_path = trusted_path ? trusted_path : "";
    pthread_mutex_lock(&lock);
    cf_http_trust *trust = find(trusted_file, trusted_path);
    if (!trust)
        trust = make(trusted_file, trusted_path);
    if (trust)
        trust->holders++;
    pthread_mutex_unlock(&lock);
    return trust;
}

cf_http_trust *cf_http_trust_share(cf_http_trust *trust)
{
    pthread_mutex_lock(&lock);
    if (trust)
        trust->holders++;
    pthread_mutex_unlock(&lock);
    return trust;
}

void cf_http_trust_release(cf_http_trust *trust)
{
    if (!trust)
        return;
    pthread_mutex_lock(&lock);
    if (--trust->holders == 0)
        free_trust(trust);
    pthread_mutex_unlock(&lock);
}

static CURLcode on_context(CURL *easy, void *context, void *trust)
{
    (void)easy;
    SSL_CTX_set1_cert_store(context, ((cf_http_trust *)trust)->store);
    return CURLE_OK;
}

void cf_http_trust_apply(CURL *easy, cf_http_trust *trust)
{
    static const CURLoption files[] = {CURLOPT_CAINFO, CURLOPT_CAPATH, CURLOPT_PROXY_CAINFO, CURLOPT_PROXY_CAPATH};
    if (!trust || curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context) != CURLE_OK)
        return;
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, trust);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        curl_easy_setopt(easy, files[i], NULL);
}

#include "server/admin/folder.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "server/admin/page.h"

/* One request, from step to step; each is done by another thread, one after the other. */
typedef struct folder_read {
    uv_fs_t step;
    cf_net *net;
    cf_http_exchange *exchange; /* NULL: the client is gone */
    cf_buffer path;             /* with a NUL */
    cf_buffer root;             /* the folder's real path, with a slash at its end */
    cf_bytes below;             /* of the request, in `name` */
    cf_buffer name;
    cf_buffer content;
    int64_t modified; /* Unix s */
    int file;
} folder_read;

/* ---- the end ---- */

static void free_read(folder_read *self)
{
    cf_buffer *all[] = {&self->path, &self->root, &self->name, &self->content};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        cf_buffer_free(all[i]);
    cf_free(self->net->allocator, self);
}

static void finish(folder_read *self, cf_http_response response)
{
    self->net->enter(self->net->user);
    if (self->exchange != NULL)
        cf_http_exchange_respond(self->exchange, &response);
    free_read(self);
}

static void on_abort(void *user)
{
    ((folder_read *)user)->exchange = NULL;
}

static void give_content(folder_read *self)
{
    char date[CF_HTTP_DATE_SIZE];
    char extra[sizeof CF_PAGE_HEADERS + 128];
    cf_http_write_date(self->modified, date);
    (void)snprintf(extra, sizeof extra, "Cache-Control: no-cache\r\nLast-Modified: %s\r\n%s", date, CF_PAGE_HEADERS);
    finish(self, (cf_http_response){
                     .status = 200,
                     .content_type = cf_page_type_of(cf_bytes_slice(cf_buffer_bytes(&self->path), 0, self->path.size - 1)),
                     .extra = cf_bytes_of(extra),
                     .body = cf_buffer_bytes(&self->content),
                 });
}

/* ---- the steps ---- */

static uv_loop_t *loop_of(const folder_read *self)
{
    return self->net->loop;
}

/* What the step that is over has found; the step is free again. */
static int64_t result_of(uv_fs_t *step)
{
    int64_t result = step->result;
    uv_fs_req_cleanup(step);
    return result;
}

static void close_file(folder_read *self)
{
    uv_fs_t step;
    (void)uv_fs_close(NULL, &step, self->file, NULL); /* of a file that was read: it waits for nothing */
    uv_fs_req_cleanup(&step);
}

static void on_read(uv_fs_t *step)
{
    folder_read *self = step->data;
    int64_t size = result_of(step);
    close_file(self);
    if (size < 0) {
        finish(self, cf_http_plain(404));
        return;
    }
    self->content.size = (size_t)size;
    give_content(self);
}

static void read_file(folder_read *self, size_t size)
{
    uv_buf_t buffer;
    if (size > CF_FOLDER_FILE_MAX || !cf_buffer_reserve(&self->content, size + 1)) {
        close_file(self);
        finish(self, cf_http_plain(503));
        return;
    }
    buffer = uv_buf_init(self->content.data, (unsigned)size);
    (void)uv_fs_read(loop_of(self), &self->step, self->file, &buffer, 1, 0, on_read);
}

/* A folder is where its index is: the browser is told to add the slash. */
static void redirect_to_folder(folder_read *self)
{
    cf_bytes below = self->below;
    ptrdiff_t slash = cf_bytes_find_last(below, CF_BYTES("/"));
    self->net->enter(self->net->user);
    if (self->exchange != NULL)
        cf_page_redirect(self->exchange, cf_bytes_slice(below, (size_t)(slash + 1), below.size), CF_BYTES("/"));
    free_read(self);
}

static void on_stat(uv_fs_t *step)
{
    folder_read *self = step->data;
    uv_stat_t stat = step->statbuf;
    bool known = result_of(step) == 0;
    if (known && S_ISREG(stat.st_mode)) {
        self->modified = stat.st_mtim.tv_sec;
        read_file(self, (size_t)stat.st_size);
        return;
    }
    close_file(self);
    if (known && S_ISDIR(stat.st_mode) && self->below.size > 0)
        redirect_to_folder(self);
    else
        finish(self, cf_http_plain(404));
}

static void on_open(uv_fs_t *step)
{
    folder_read *self = step->data;
    self->file = (int)result_of(step);
    if (self->file < 0)
        finish(self, cf_http_plain(404));
    else
        (void)uv_fs_fstat(loop_of(self), &self->step, self->file, on_stat);
}

/* Keeps what a link leads to; false: it leads nowhere. */
static bool take_real_path(uv_fs_t *step, cf_buffer *path)
{
    bool found = step->result == 0;
    cf_buffer_clear(path);
    if (found)
        cf_buffer_append(path, cf_bytes_of(step->ptr));
    uv_fs_req_cleanup(step);
    return found && !path->failed;
}

/* Neither `..` nor a link leads out of the folder. A pipe would be waited for. */
static void on_real_path(uv_fs_t *step)
{
    folder_read *self = step->data;
    bool found = take_real_path(step, &self->path);
    cf_buffer_append_byte(&self->path, 0);
    if (found && !self->path.failed && cf_bytes_starts_with(cf_buffer_bytes(&self->path), cf_buffer_bytes(&self->root)))
        (void)uv_fs_open(loop_of(self), &self->step, self->path.data, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0, on_open);
    else
        finish(self, cf_http_plain(404));
}

static bool write_path(folder_read *self)
{
    bool index = self->below.size == 0 || self->below.data[self->below.size - 1] == '/';
    cf_buffer_clear(&self->path);
    cf_buffer_append(&self->path, cf_buffer_bytes(&self->root));
    cf_buffer_append(&self->path, self->below);
    if (index)
        cf_buffer_append(&self->path, CF_BYTES("index.html"));
    cf_buffer_append_byte(&self->path, 0);
    return !self->path.failed;
}

static void on_real_root(uv_fs_t *step)
{
    folder_read *self = step->data;
    bool found = take_real_path(step, &self->root);
    if (found && self->root.data[self->root.size - 1] != '/')
        cf_buffer_append_byte(&self->root, '/');
    if (found && !self->root.failed && write_path(self))
        (void)uv_fs_realpath(loop_of(self), &self->step, self->path.data, on_real_path);
    else
        finish(self, cf_http_plain(404));
}

/* ---- the beginning ---- */

/* NULL without memory. */
static folder_read *new_read(cf_net *net, cf_http_exchange *exchange, cf_bytes below)
{
    folder_read *self = cf_alloc_zero(net->allocator, 1, sizeof *self);
    if (self == NULL)
        return NULL;
    self->net = net;
    self->exchange = exchange;
    self->step.data = self;
    cf_buffer *all[] = {&self->path, &self->root, &self->name, &self->content};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        cf_buffer_init(all[i], net->allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&self->name, below);
    self->below = cf_buffer_bytes(&self->name);
    if (!self->name.failed)
        return self;
    free_read(self);
    return NULL;
}

static bool is_plain(cf_bytes below)
{
    return below.size == 0 || memchr(below.data, 0, below.size) == NULL;
}

void cf_folder_answer(cf_net *net, const char *folder, cf_http_exchange *exchange, cf_bytes below)
{
    bool index = cf_bytes_equal(below, CF_BYTES("index.html")) || cf_bytes_ends_with(below, CF_BYTES("/index.html"));
    folder_read *self = index || !is_plain(below) ? NULL : new_read(net, exchange, below);
    if (index) {
        cf_page_redirect(exchange, CF_BYTES(""), CF_BYTES(""));
    } else if (self == NULL) {
        cf_http_response response = cf_http_plain(is_plain(below) ? 503 : 404);
        cf_http_exchange_respond(exchange, &response);
    } else {
        cf_http_exchange_on_abort(exchange, on_abort, self);
        (void)uv_fs_realpath(net->loop, &self->step, folder, on_real_root);
    }
}

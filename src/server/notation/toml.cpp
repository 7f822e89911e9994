// TOML by toml++, of which nothing but the text and its places leaves this file.
#include "server/notation/toml.h"

#include <algorithm>
#include <cstdio>
#include <new>
#include <sstream>
#include <string>
#include <string_view>

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace
{

// Of a line: each may be a table inside of a table, and those are freed one inside the other.
constexpr long dots_max = 1000;

cf_mark mark_of(const toml::source_position &position)
{
    return {position.line, position.column};
}

void write_text(cf_document *out, std::string_view text)
{
    cf_document_text(out, text.data(), text.size());
}

void write_literal(cf_document *out, std::string_view text)
{
    cf_document_literal(out, text.data(), text.size());
}

void write_float(cf_document *out, double value)
{
    char text[40];
    if (value - value != 0) { // infinite, or no number
        write_text(out, "no finite number");
        return;
    }
    std::snprintf(text, sizeof(text), "%.17g", value);
    write_literal(out, text);
}

template <typename T> void write_time(cf_document *out, const T &value)
{
    std::ostringstream text;
    text << value;
    write_text(out, text.str());
}

void write_node(cf_document *out, const toml::node &node);

void write_table(cf_document *out, const toml::table &table)
{
    if (!cf_document_begin_object(out, mark_of(table.source().begin)))
        return;
    for (auto &&[key, node] : table) {
        if (cf_document_key(out, key.data(), key.length(), mark_of(key.source().begin), false))
            write_node(out, node);
    }
    cf_document_end_object(out);
}

void write_list(cf_document *out, const toml::array &list)
{
    if (!cf_document_begin_list(out, mark_of(list.source().begin)))
        return;
    for (auto &&node : list)
        write_node(out, node);
    cf_document_end_list(out);
}

void write_node(cf_document *out, const toml::node &node)
{
    node.visit([out](auto &&value) {
        using kind = decltype(value);
        if constexpr (toml::is_table<kind>)
            write_table(out, value);
        else if constexpr (toml::is_array<kind>)
            write_list(out, value);
        else if constexpr (toml::is_string<kind>)
            write_text(out, *value);
        else if constexpr (toml::is_integer<kind>)
            write_literal(out, std::to_string(*value));
        else if constexpr (toml::is_floating_point<kind>)
            write_float(out, *value);
        else if constexpr (toml::is_boolean<kind>)
            write_literal(out, *value ? "true" : "false");
        else
            write_time(out, *value);
    });
}

// What is between quotes ends with them, on one line or several, or with the text.
size_t quoted_size(std::string_view text)
{
    const std::string_view three = text.substr(0, 3);
    const bool is_long = three == "\"\"\"" || three == "\'\'\'";
    const std::string_view end = is_long ? three : text.substr(0, 1);
    for (size_t at = end.size(); at < text.size(); at++) {
        if (text[at] == '\\' && text[0] == '"')
            at++;
        else if (text.substr(at, end.size()) == end)
            return at + end.size();
        else if (text[at] == '\n' && !is_long)
            return at;
    }
    return text.size();
}

size_t token_size(std::string_view text)
{
    if (text[0] == '#')
        return std::min(text.find('\n'), text.size());
    return text[0] == '"' || text[0] == '\'' ? quoted_size(text) : 1;
}

struct place {
    size_t line = 1;
    size_t column = 1;
    long dots = 0; // of the line

    void pass(std::string_view token)
    {
        for (char c : token) {
            column = c == '\n' ? 1 : column + 1;
            line += c == '\n';
        }
        dots = token == "\n" ? 0 : dots + (token == ".");
    }
};

// TOML is ASCII outside of quotes and comments, where toml++ 3.3 is undefined with other letters.
const char *problem_of(std::string_view token, const place &here)
{
    if (here.dots == dots_max)
        return "a line with more than 1000 dots";
    if (token.size() == 1 && static_cast<unsigned char>(token[0]) >= 0x80)
        return "a letter that is not ASCII: put the text in quotes";
    return nullptr;
}

bool is_fine(cf_document *out, std::string_view text)
{
    const std::string_view mark = "\xef\xbb\xbf";
    place here;
    if (text.substr(0, mark.size()) == mark)
        text.remove_prefix(mark.size());
    while (!text.empty()) {
        const std::string_view token = text.substr(0, token_size(text));
        if (const char *problem = problem_of(token, here)) {
            cf_document_fail(out, {here.line, here.column}, problem);
            return false;
        }
        here.pass(token);
        text.remove_prefix(token.size());
    }
    return true;
}

} // namespace

void cf_toml_write(cf_document *document, const char *text, size_t size)
{
    try {
        if (is_fine(document, {text, size}))
            write_table(document, toml::parse(std::string_view(text, size)));
    } catch (const toml::parse_error &error) {
        cf_document_fail(document, mark_of(error.source().begin), std::string(error.description()).c_str());
    } catch (const std::exception &error) {
        cf_document_fail(document, {1, 1}, error.what());
    }
}

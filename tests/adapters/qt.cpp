#include "scenario.h"

#include <centrifuge/adapters/qt.hpp>

namespace
{
int argument_count = 1;
char name[] = "scenario";
char *arguments[] = {name, nullptr};
QCoreApplication *application;
centrifuge_qt *adapter;
} // namespace

void adapter_begin(centrifuge_options *options)
{
    application = new QCoreApplication(argument_count, arguments);
    adapter = new centrifuge_qt;
    adapter->attach(options);
}

centrifuge_client **adapter_client(void)
{
    return &adapter->client;
}

void adapter_run(void)
{
    QCoreApplication::exec();
    delete adapter;
    delete application;
}

void adapter_end(void)
{
    QCoreApplication::quit();
}

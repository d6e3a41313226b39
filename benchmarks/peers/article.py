"""The article's network as its reader would train it: torchvision, DataLoader, Adam.

Run by time_to_accuracy.py in an environment that holds torch and torchvision only:
``python article.py DATA SEED EPOCHS``, where DATA holds FashionMNIST/raw.  Prints one
JSON line; the time spent on reading the test set is taken out.
"""

import json
import resource
import sys
import time

import torch
import torchvision
from torch import nn
from torchvision import datasets, transforms


class ConvolutionalNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=5, stride=1, padding=2)
        self.batch1 = nn.BatchNorm2d(16)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(kernel_size=2)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=5, stride=1, padding=2)
        self.batch2 = nn.BatchNorm2d(32)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(kernel_size=2)
        self.fc = nn.Linear(32 * 7 * 7, 10)

    def forward(self, x):
        x = self.pool1(self.relu1(self.batch1(self.conv1(x))))
        x = self.pool2(self.relu2(self.batch2(self.conv2(x))))
        return self.fc(x.view(x.size(0), -1))


def accuracy(model, loader):
    model.eval()
    right = 0
    with torch.no_grad():
        for images, labels in loader:
            right += (model(images).argmax(1) == labels).sum().item()
    model.train()
    return right / len(loader.dataset)


def main():
    root, seed, epochs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.manual_seed(seed)
    transform = transforms.ToTensor()
    train = datasets.FashionMNIST(root, train=True, transform=transform)
    test = datasets.FashionMNIST(root, train=False, transform=transform)
    train_loader = torch.utils.data.DataLoader(train, batch_size=100, shuffle=True)
    test_loader = torch.utils.data.DataLoader(test, batch_size=100, shuffle=False)
    model = ConvolutionalNetwork()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)

    begin = time.perf_counter()
    begin_clock = time.time()
    testing = 0.0
    rows = []
    for _ in range(epochs):
        for images, labels in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            optimizer.step()
        trained = time.perf_counter() - begin - testing
        pause = time.perf_counter()
        rows.append({"seconds": trained, "accuracy": accuracy(model, test_loader)})
        testing += time.perf_counter() - pause
    print(
        json.dumps(
            {
                "first_step_at": begin_clock,
                "schedules": rows,
                "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
                "threads": torch.get_num_threads(),
            }
        )
    )


if __name__ == "__main__":
    main()
